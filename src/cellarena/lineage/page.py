"""A lineage for people."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cellarena.lineage.answers import Lineage
from cellarena.registry.packages.messages import score_words
from cellarena.registry.packages.package import Score
from cellarena.reporting.document import Document, Notes, Section

Fact = tuple[str, str]


def as_document(lineage: Lineage) -> Document:
    """Return what is asked for, what it was made with, and the stages it rests on; what is not known is left out."""
    sections = {
        "Label image": _label_image(lineage),
        "Data": _data(lineage),
        "Training": _training(lineage),
        "Parents": ((f"{parent.kind} {parent.name}", parent.hash) for parent in lineage.parents),
        "Environment": _environment(lineage),
        "What made it, the nearest first": _stages(lineage),
    }
    shown = [
        Section(title, [Notes([f"{name}: {value}" for name, value in _known(facts)])])
        for title, facts in sections.items()
    ]
    return Document(f"Lineage of {lineage.asked}", _known(_facts(lineage)), shown)


def _known(facts: Iterable[Fact]) -> list[Fact]:
    return [(name, value) for name, value in facts if value]


def _stages(lineage: Lineage) -> Iterator[Fact]:
    for stage in lineage.stages:
        yield from ((f"{stage.name} made {out.path}", f"md5 {out.md5 or 'unknown'}") for out in stage.outs)


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
        yield "Follows from", ", ".join(f"{name}: {its}" for name, its in sorted(package.licence.parents.items()))


def _score(score: Score) -> str:
    on = f"{score.n_covered} of {score.n_expected} test images ({score.protocol})"
    return f"undefined, {on}" if score.mean is None else f"F1 {score_words(score.model_dump())} on {on}"


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
        asked = f"; requirements.lock of the commit asks for {otherwise[name]}" if name in otherwise else ""
        yield name, f"{version}{asked}"


def _shown(value: Any) -> str:
    return _words(value) if isinstance(value, Mapping) else str(value)


def _words(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_shown(value)}" for name, value in values.items() if value not in ("", None))
