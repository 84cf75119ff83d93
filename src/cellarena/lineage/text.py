"""A lineage as tables for people."""

import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cellarena.lineage.tracing import Lineage
from cellarena.registry.packages import Score
from cellarena.reporting.tables import UNDEFINED, plain

Fact = tuple[str, str]


def as_text(lineage: Lineage, width: int) -> str:
    """Return a lineage as tables: what is asked for, what it was made with, and the stages it rests on.

    Args:
        lineage: whose texts may come from anybody; what does not print is made visible.
        width: of the terminal in columns; long texts are folded, never cut.
    """
    sections = {
        f"Lineage of {lineage.asked}": _facts(lineage),
        "Label image": _label_image(lineage),
        "Data": _data(lineage),
        "Training": _training(lineage),
        "Parents": ((f"{parent.kind} {parent.name}", parent.hash) for parent in lineage.parents),
        "Environment": _environment(lineage),
    }
    printed = io.StringIO()
    console = Console(file=printed, width=width, color_system=None, force_terminal=False, legacy_windows=False)
    for title, facts in sections.items():
        if known := [(name, value) for name, value in facts if value]:
            console.print(_table(title, (), known))
    if lineage.stages:
        made = [(s.name, out.path, out.md5 or UNDEFINED) for s in lineage.stages for out in s.outs]
        console.print(_table("What made it, the nearest first", ("stage", "made", "md5"), made))
    return "\n".join(line.rstrip() for line in printed.getvalue().splitlines()) + "\n"


def _table(title: str, headings: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Table:
    table = Table(box=SIMPLE_HEAD, title=Text(plain(title)), title_justify="left", show_header=bool(headings))
    cells = [[Text(plain(text)) for text in row] for row in rows]
    for heading in headings or ("", ""):
        table.add_column(heading, overflow="fold")
    for row in cells:
        table.add_row(*row)
    return table


def _facts(lineage: Lineage) -> Iterator[Fact]:
    release, package, comparison = lineage.release, lineage.package, lineage.comparison
    if release:
        yield "Release", f"{release.name}@{release.version}{''.join(f' #{stage}' for stage in release.stages)}"
        yield "Withdrawn", release.withdrawn
        yield "Message", release.message.partition("\n")[0]
    if comparison:
        now = f", now {comparison.found}" if comparison.state == "changed" else ""
        yield "Output", f"{comparison.output} of stage {lineage.stages[0].name}"
        yield "State", f"{comparison.path}: {comparison.state}, md5 {comparison.promised or 'unknown'}{now}"
    if lineage.run:
        yield "Run", f"{lineage.run}: model {lineage.run.model}, arm {lineage.run.arm}, seed {lineage.run.seed}"
    yield "Commit", lineage.environment.commit
    if package:
        yield "Score", _score(package.score)
        yield "Licence", package.licence.name + (" (non-commercial)" if package.licence.is_non_commercial else "")
        yield (
            "Follows from",
            ", ".join(f"{name}: {licence}" for name, licence in sorted(package.licence.parents.items())),
        )


def _score(score: Score) -> str:
    if score.mean is None:
        return f"undefined, {score.n_covered} of {score.n_expected} test images ({score.protocol})"
    interval = "" if score.low is None or score.high is None else f" [{score.low:.3f}, {score.high:.3f}]"
    return f"F1 {score.mean:.3f}{interval} on {score.n_covered} of {score.n_expected} test images ({score.protocol})"


def _label_image(lineage: Lineage) -> Iterator[Fact]:
    if lineage.origin is None:
        return
    yield "image", lineage.origin.image
    yield "sha256 of that file", lineage.origin.image_sha256
    yield "labels", "as they were written" if lineage.labels_unchanged else "changed since they were written"
    yield "written by", lineage.origin.software
    yield from ((f"sha256 of {name}", sha256) for name, sha256 in sorted(lineage.origin.weights.items()))
    if lineage.origin.release:
        yield "repository", lineage.origin.release.address


def _data(lineage: Lineage) -> Iterator[Fact]:
    data = lineage.data
    yield "source", data.source or ""
    yield "licence", data.licence or ""
    for name in ("raw", "preprocessed", "splits"):
        yield f"md5 of {name}", getattr(data, name) or ""
    yield "split", _words(data.split)
    if lineage.package:
        yield "images", _words(lineage.package.data.n_images)
        yield from ((f"sha256 of {name}", sha256) for name, sha256 in sorted(lineage.package.data.subsets.items()))


def _training(lineage: Lineage) -> Iterator[Fact]:
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


def _environment(lineage: Lineage) -> Iterator[Fact]:
    yield "sha256 of requirements.lock", lineage.environment.requirements_sha256 or ""
    otherwise = lineage.environment.otherwise
    for name, version in sorted(lineage.environment.libraries.items()):
        yield (
            name,
            f"{version}; requirements.lock of the commit asks for {otherwise[name]}" if name in otherwise else version,
        )


def _shown(value: Any) -> str:
    return _words(value) if isinstance(value, Mapping) else str(value)


def _words(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_shown(value)}" for name, value in values.items() if value not in ("", None))
