"""A lineage as tables for people."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from cellarena.registry.lineage import Lineage
from cellarena.registry.packages import Score
from cellarena.reporting.document import Document, Section, ShownTable
from cellarena.reporting.tables import UNDEFINED, other_table

_NO_FACT = (None, "", {})


def as_document(lineage: Lineage) -> Document:
    """Return a lineage as a document: what is asked for, what it was made with, and the stages it rests on."""
    tables = {
        "Label image": _label_image(lineage),
        "Data": _data(lineage),
        "Training": _training(lineage),
        "Parents": [(f"{parent.kind} {parent.name}", parent.hash) for parent in lineage.parents],
        "Environment": _environment(lineage),
    }
    sections = [_section(title, [(k, v) for k, v in facts if v not in _NO_FACT]) for title, facts in tables.items()]
    facts = [(name, value) for name, value in _facts(lineage) if value not in _NO_FACT]
    return Document(f"Lineage of {lineage.asked}", facts, [*sections, _stages(lineage)])


def _facts(lineage: Lineage) -> Iterator[tuple[str, str]]:
    release, package, comparison = lineage.release, lineage.package, lineage.comparison
    if release:
        yield "Release", f"{release.name}@{release.version}{''.join(f' #{stage}' for stage in release.stages)}"
        yield "Message", release.message
    if comparison:
        now = f", now {comparison.found}" if comparison.state == "changed" else ""
        yield "Output", f"{comparison.output} of stage {lineage.stages[0].name}"
        yield "State", f"{comparison.path}: {comparison.state}, md5 {comparison.promised or 'unknown'}{now}"
    if lineage.run:
        yield "Run", f"{lineage.run}: model {lineage.run.model}, arm {lineage.run.arm}, seed {lineage.run.seed}"
    yield "Commit", lineage.environment.commit
    if package:
        yield "Score", _score(package.score)
        kind = "non-commercial" if package.licence.is_non_commercial else "commercial use allowed"
        yield "Licence", f"{package.licence.name} ({kind})"
        yield (
            "Follows from",
            ", ".join(f"{name}: {licence}" for name, licence in sorted(package.licence.parents.items())),
        )


def _score(score: Score) -> str:
    if score.mean is None:
        return f"undefined, {score.n_covered} of {score.n_expected} test images ({score.protocol})"
    interval = "" if score.low is None or score.high is None else f" [{score.low:.3f}, {score.high:.3f}]"
    return f"F1 {score.mean:.3f}{interval} on {score.n_covered} of {score.n_expected} test images ({score.protocol})"


def _label_image(lineage: Lineage) -> Iterator[tuple[str, str]]:
    if lineage.origin is None:
        return
    yield "image", lineage.origin.image
    yield "sha256 of that file", lineage.origin.image_sha256
    yield "labels", "as they were written" if lineage.labels_unchanged else "changed since they were written"
    yield "written by", lineage.origin.software
    yield from ((f"sha256 of {name}", sha256) for name, sha256 in sorted(lineage.origin.weights.items()))
    if lineage.origin.release:
        yield "repository", lineage.origin.release.address


def _data(lineage: Lineage) -> Iterator[tuple[str, str]]:
    data = lineage.data
    yield "source", data.source or ""
    yield "licence", data.licence or ""
    for name in ("raw", "preprocessed", "splits"):
        yield f"md5 of {name}", getattr(data, name) or ""
    yield "split", _words(data.split)
    if lineage.package:
        yield "images", _words(lineage.package.data.n_images)
        yield from ((f"sha256 of {name}", sha256) for name, sha256 in sorted(lineage.package.data.subsets.items()))


def _training(lineage: Lineage) -> Iterator[tuple[str, str]]:
    if lineage.arm and lineage.run:
        yield f"arm {lineage.run.arm}", _words(lineage.arm)
    if lineage.generator:
        yield f"generator {lineage.generator.name}", _words(lineage.generator.settings)
        yield "md5 of its weights", lineage.generator.weights or ""
        yield "md5 of its images", lineage.generator.images or ""
    if lineage.training:
        yield "stage", lineage.training.stage
        yield "md5 of the checkpoint", lineage.training.checkpoint or ""
        yield from ((name, _shown(value)) for name, value in sorted(lineage.training.parameters.items()))


def _environment(lineage: Lineage) -> Iterator[tuple[str, str]]:
    yield "sha256 of requirements.lock", lineage.environment.requirements_sha256 or ""
    yield from sorted(lineage.environment.libraries.items())


def _section(title: str, facts: Sequence[tuple[str, str]]) -> Section:
    table = other_table(pd.DataFrame(facts, columns=["what", "value"], dtype=str))
    return Section(title, [ShownTable(title, table)] if facts else [])


def _stages(lineage: Lineage) -> Section:
    rows = [
        {"stage": stage.name, "made": out.path, "md5": out.md5 or UNDEFINED}
        for stage in lineage.stages
        for out in stage.outs
    ]
    title = "What made it, the nearest first"
    table = other_table(pd.DataFrame(rows, columns=["stage", "made", "md5"], dtype=str))
    return Section(title, [ShownTable(title, table)] if rows else [])


def _shown(value: Any) -> str:
    return _words(value) if isinstance(value, Mapping) else str(value)


def _words(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_shown(value)}" for name, value in values.items() if value not in ("", None))
