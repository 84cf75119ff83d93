"""What the tag of a release says: a line for people, then JSON for programs."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from cellarena.registry.packages.package import Package
from cellarena.registry.repository.outputs import Output


def release_message(release: str, outputs: Sequence[Output], data: str, package: Package | None) -> str:
    """Return the message of the tag of a release such as unet@v1.0.0, which holds these outputs.

    Args:
        release: name and version.
        outputs: that it holds.
        data: the md5 of the acquired data at its commit, empty if there are none.
        package: of a model, None for a data set.
    """
    size, n_files = sum(output.size for output in outputs), sum(output.n_files for output in outputs)
    facts: dict[str, Any] = {
        "data": data,
        "md5": {output.path: output.md5 for output in outputs},
        "n_files": n_files,
        "size": size,
    }
    words = f"{release}: {n_files} files, {size:,} bytes"
    if package:
        score = package.score
        facts |= {"licence": package.licence.name, "run": package.run, "score": score.model_dump(mode="json")}
        words = f"{release}: {package.run}, F1 {score_words(facts['score'])}, licence {package.licence.name}"
    return f"{words}\n\n{json.dumps(facts, indent=1, sort_keys=True, allow_nan=False)}"


def facts_of(message: str) -> dict[str, Any]:
    """Return what the message of a release's tag says for programs; {} if it was not written by `release_message`."""
    try:
        facts = json.loads(message.partition("\n\n")[2])
    except (ValueError, RecursionError):
        return {}
    return facts if isinstance(facts, dict) else {}


def score_words(score: Mapping[str, Any] | None) -> str:
    """Return a score with its interval in words, such as `0.837 [0.723, 0.887]`; a dash where there is none."""
    if not score or not isinstance(score.get("mean"), float):
        return "\N{EN DASH}"
    low, high = score.get("low"), score.get("high")
    interval = f" [{low:.3f}, {high:.3f}]" if isinstance(low, float) and isinstance(high, float) else ""
    return f"{score['mean']:.3f}{interval}"
