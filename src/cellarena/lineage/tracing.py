"""Where a release, a label image or any output of the pipeline comes from, down to the images as they were acquired."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path, PurePosixPath
from typing import Any

from cellarena.datasets.sources.spec import SOURCES
from cellarena.layout import Layout
from cellarena.lineage.answers import Data, Environment, Generator, Lineage, Parent, Subject, Training
from cellarena.registry.repository.locked import LockedFile, LockedStage
from cellarena.registry.repository.repository import Repository
from cellarena.registry.requirements import NAME, used_otherwise

_PLACES = Layout(Path())
"""Of what dvc.lock names."""
_OF_RELEASE = ("name", "version", "commit", "stages", "message", "withdrawn")


def trace(repository: Repository, subject: Subject, stages: Sequence[LockedStage]) -> Lineage:
    """Return the lineage of what is asked for.

    Args:
        repository: that the stages are of.
        subject: what is known of it.
        stages: the one that made it and all that this rests on, the nearest first.
    """
    run = subject.run
    trained = [training for training in map(_training, stages) if training]
    own = next((training for training in trained if training.run == run), None)
    members = _members(own, stages, trained)
    arm = _arm(stages, run.arm) if run else {}
    generator = _generator(stages, str(arm.get("generator") or ""))
    requirements = repository.read(subject.commit, NAME)
    libraries = subject.package.libraries if subject.package else {}
    otherwise = used_otherwise(libraries, (requirements or b"").decode(errors="replace"))
    return Lineage(
        **vars(subject),
        data=_data(stages),
        arm=arm,
        generator=generator,
        training=own,
        parents=[*_parents(own, members), *_generators(generator)],
        environment=Environment(
            subject.commit,
            hashlib.sha256(requirements).hexdigest() if requirements is not None else None,
            libraries,
            {library.name: library.locked for library in otherwise},
        ),
        stages=stages,
    )


def as_json(lineage: Lineage) -> dict[str, Any]:
    """Return a lineage as JSON types; its keys are always the same, docs/use.md says what they hold."""
    shown = asdict(lineage)
    # It stands in `environment`.
    del shown["commit"]
    if lineage.release:
        shown["release"] = {name: getattr(lineage.release, name) for name in _OF_RELEASE}
    for name in ("origin", "package"):
        part = getattr(lineage, name)
        shown[name] = part and part.model_dump(mode="json")
    shown["stages"] = [stage.model_dump(mode="json") for stage in lineage.stages]
    if lineage.run:
        shown["run"]["name"] = str(lineage.run)
    return shown


def _training(stage: LockedStage) -> Training | None:
    places = (_PLACES.checkpoint(stage.run), _PLACES.ensemble(stage.run)) if stage.run else ()
    out = next((found for place in places if (found := _output([stage], place))), None)
    return Training(stage.name, stage.run, out[1].md5, stage.settings) if stage.run and out else None


def _members(own: Training | None, stages: Sequence[LockedStage], trained: Sequence[Training]) -> list[Training]:
    """Return the trainings that an ensemble read the checkpoints of: its settings or its dependencies name them."""
    if own is None:
        return []
    read = {dep.path.rpartition("/")[2] for stage in stages if stage.name == own.stage for dep in stage.deps}
    settings = own.parameters.get(f"ensembles.{own.run.model}")
    models = settings.get("members", ()) if isinstance(settings, Mapping) else ()
    read |= {str(replace(own.run, model=model)) for model in models}
    return [training for training in trained if str(training.run) in read]


def _arm(stages: Sequence[LockedStage], name: str) -> Mapping[str, Any]:
    """Return the parameters of an arm: one stage makes its manifest, or those of all arms."""
    alone = _settings(stages, _PLACES.arm(name), f"arms.{name}")
    section = _settings(stages, _PLACES.arms, "arms").get(name)
    return alone or (section if isinstance(section, Mapping) else {})


def _parents(own: Training | None, members: Sequence[Training]) -> Iterator[Parent]:
    for training in members:
        yield Parent("member", str(training.run), _tagged("md5", training.checkpoint))
    for training in [own, *members] if own else members:
        settings = training.parameters.get(f"models.{training.run.model}")
        for name in ("checkpoint", "weights"):
            if isinstance(settings, Mapping) and (file := settings.get(name)):
                yield Parent("pretrained", str(file), _tagged("sha256", settings.get(f"{name}_sha256")))


def _generators(generator: Generator | None) -> Iterator[Parent]:
    if generator:
        yield Parent("generator", generator.name, _tagged("md5", generator.weights))


def _tagged(kind: str, value: Any) -> str:
    return f"{kind}:{value}" if value else ""


def _generator(stages: Sequence[LockedStage], name: str) -> Generator | None:
    if not name:
        return None
    fitted, made = _PLACES.generator(name), _PLACES.synthetic(name)
    settings = _settings(stages, made, f"synthesize.generators.{name}")
    return Generator(name, _md5(stages, fitted), _md5(stages, made), settings)


def _data(stages: Sequence[LockedStage]) -> Data:
    acquired = _settings(stages, _PLACES.raw, "acquire")
    source = str(acquired["source"]) if "source" in acquired else None
    known = SOURCES[source].licence if source and source in SOURCES else None
    return Data(
        source, known or str(acquired.get("licence", "")) or None, _md5(stages, _PLACES.raw),
        _md5(stages, _PLACES.preprocessed), _md5(stages, _PLACES.splits), _settings(stages, _PLACES.splits, "split"),
    )  # fmt: skip


def _output(stages: Sequence[LockedStage], path: Path) -> tuple[LockedStage, LockedFile] | None:
    """Return the nearest stage whose output lies at a path of the layout, and this output.

    The project may lie in a folder of its repository, and earlier commits have a folder `study` in between.
    """
    outs = ((stage, out, PurePosixPath(out.path).parts) for stage in stages for out in stage.outs)
    root, inside = path.parts[0], path.parts[-2:]
    return next(((stage, out) for stage, out, parts in outs if root in parts and parts[-2:] == inside), None)


def _md5(stages: Sequence[LockedStage], path: Path) -> str | None:
    """Return the md5 of what lies at a path of the layout."""
    found = _output(stages, path)
    return found[1].md5 if found else None


def _settings(stages: Sequence[LockedStage], path: Path, name: str) -> Mapping[str, Any]:
    """Return a section of the parameters of the stage that made what lies at a path of the layout."""
    found = _output(stages, path)
    section = found[0].settings.get(name) if found else None
    return section if isinstance(section, Mapping) else {}
