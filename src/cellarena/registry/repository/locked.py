"""The stages of a commit as its dvc.lock recorded them: what each ran, read and made."""

import posixpath
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from pydantic import Field

from cellarena.records import Run
from cellarena.registry.repository.dvc_files import Locked, is_lock, is_pipeline, locked, pipeline_beside
from cellarena.registry.repository.outputs import own_contents
from cellarena.registry.repository.repository import Repository
from cellarena.section import Section


class LockedFile(Section, extra="ignore"):
    """A file or folder that a stage read or made, and its md5 then; that of a folder ends in .dir."""

    path: str
    md5: str | None = None


class LockedStage(Section, extra="ignore"):
    """A stage of dvc.lock."""

    name: str
    cmd: str = ""
    deps: tuple[LockedFile, ...] = ()
    outs: tuple[LockedFile, ...] = ()
    params: Mapping[str, Mapping[str, Any]] = Field(default_factory=dict)
    """By file, then by name."""

    @property
    def run(self) -> Run | None:
        """The run that an output is named after, or that of the model which one is named after; None if there is none.

        The second is what a package is made of.
        """
        of_outs = [run for out in self.outs if (run := Run.named_by(out.path))]
        models = {PurePosixPath(out.path).name for out in self.outs}
        read = [run for dep in self.deps if (run := Run.named_by(dep.path)) and run.model in models]
        return next(iter([*of_outs, *read]), None)

    @property
    def settings(self) -> dict[str, Any]:
        """Its parameters by name."""
        return {name: value for section in self.params.values() for name, value in section.items()}


def locked_stages(repository: Repository, commit: str) -> dict[str, LockedStage]:
    """Return the stages in all dvc.lock files of a commit's project, by name; those of a folder have it in their names.

    Raises:
        ValueError: if one cannot be read.
    """
    locks = own_contents(repository, commit, is_lock)
    pipelines = own_contents(repository, commit, is_pipeline)
    found: dict[str, LockedStage] = {}
    for path, content in locks.items():
        try:
            stages = locked(path, content, pipelines.get(pipeline_beside(path), b""))
            found |= {stage.address: _stage(stage) for stage in stages}
        except (ValueError, AttributeError, TypeError) as error:
            said = " ".join(str(error).split())
            raise ValueError(f"{repository.address}: {path} at {commit[:7]} cannot be read ({said})") from error
    return found


def _stage(stage: Locked) -> LockedStage:
    def from_project(path: Any) -> str:
        return posixpath.normpath(posixpath.join(stage.place, str(path)))

    entry = dict(stage.content)
    for kind in ("deps", "outs"):
        entry[kind] = [{**file, "path": from_project(file["path"])} for file in entry.get(kind) or () if "path" in file]
    entry["params"] = {from_project(file): values for file, values in (entry.get("params") or {}).items()}
    # A list of commands is one that DVC runs line by line; none of this project's is.
    return LockedStage.model_validate({**entry, "name": stage.address, "cmd": str(entry.get("cmd", ""))})


def maker(stages: Mapping[str, LockedStage], path: str) -> tuple[LockedStage, LockedFile]:
    """Return the stage that made a file or folder, and its output that the path is or lies in.

    Raises:
        ValueError: if no stage did, or several made parts of it.
    """
    wanted, pairs = PurePosixPath(path), [(stage, out) for stage in stages.values() for out in stage.outs]
    if found := next(((stage, out) for stage, out in pairs if wanted.is_relative_to(out.path)), None):
        return found
    if within := sorted(out.path for _, out in pairs if PurePosixPath(out.path).is_relative_to(wanted)):
        raise ValueError(f"{path}: holds the outputs of {len(within)} stages; name one, such as {within[0]}")
    raise ValueError(f"{path}: no stage of dvc.lock made it, so that it has no lineage; see `dvc stage list`")


def chain(stages: Mapping[str, LockedStage], stage: LockedStage) -> list[LockedStage]:
    """Return a stage and all that it rests on, the nearest first."""
    found = {stage.name: stage}
    for above in (waiting := [stage]):
        for name in sorted(_upstream(stages, above) - found.keys()):
            found[name] = stages[name]
            waiting.append(stages[name])
    return list(found.values())


def _upstream(stages: Mapping[str, LockedStage], stage: LockedStage) -> set[str]:
    read = [PurePosixPath(dep.path) for dep in stage.deps]
    return {
        other.name
        for other in stages.values()
        for out in other.outs
        for path in read
        if path.is_relative_to(out.path) or PurePosixPath(out.path).is_relative_to(path)
    }
