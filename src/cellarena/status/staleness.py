"""What is stale is refused: by the state of the working tree, as `status` tells it, and by that of a commit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cellarena.datasets.names import listed
from cellarena.object_cache import listed_files
from cellarena.registry.fetching import members
from cellarena.registry.locked import LockedStage, chain, locked_stages
from cellarena.registry.outputs import Output
from cellarena.registry.pipelines import declared_stages, md5_of_folder, outdated_stages, outputs_of
from cellarena.registry.repository import Repository
from cellarena.status.pipeline import Pipeline
from cellarena.status.states import changed_above

_NAMED = 3


def refuse_stale_here(pipeline: Pipeline, paths: Sequence[Path]) -> None:
    """Do nothing if outputs were made of what the working tree holds, from each up to the data as acquired.

    Raises:
        ValueError: if not.
    """
    for path in paths:
        if maker := pipeline.makers.get(path):
            _refuse(str(path), changed_above(maker, pipeline.facts), maker)


def refuse_stale_at(repository: Repository, commit: str, outputs: Sequence[Output], cache: Path) -> None:
    """Do nothing if outputs of a commit were made of what it holds.

    Raises:
        ValueError: if not.
        PartialError: if what they were made of cannot be looked up.
    """
    for output in outputs:
        outdated = _outdated_above(repository, commit, output.path, cache)
        _refuse(f"{output.path} at {commit[:7]}", outdated, output.stage)


def _refuse(what: str, changed: Mapping[str, Sequence[str]], maker: str) -> None:
    if changed:
        reasons = listed((f"{stage} ({listed(differing, _NAMED)})" for stage, differing in changed.items()), _NAMED)
        raise ValueError(
            f"{what}: stale, for these stages did not run with what is there now: {reasons}; run `dvc repro {maker}` "
            "and commit dvc.lock"
        )


def _outdated_above(repository: Repository, commit: str, path: str, cache: Path) -> dict[str, list[str]]:
    """Return the stages that an output rests on and that did not run with what the commit holds; what differs, sorted.

    Beside what `outdated_stages` compares, what a stage read of a folder that another makes is looked up in the list
    of that folder's files: dvc.lock that was put together by a merge may hold one from each side.
    """
    locked, declared = locked_stages(repository, commit), declared_stages(repository, commit)
    makers = [stage for stage in locked.values() if any(out.path == path for out in stage.outs)]
    above = {stage.name: stage for maker in makers for stage in chain(locked, maker) if stage.name in declared}
    outdated = outdated_stages(repository, commit, declared)
    promised = _Promised(repository, commit, outputs_of(repository, commit, declared), cache)
    found = {name: sorted({*outdated.get(name, ()), *promised.other(stage)}) for name, stage in above.items()}
    return {name: differing for name, differing in found.items() if differing}


@dataclass(frozen=True)
class _Promised:
    """What a commit's stages make."""

    repository: Repository
    commit: str
    outputs: list[Output]
    cache: Path

    def other(self, stage: LockedStage) -> list[str]:
        """Return what a stage read in parts of folders, or of several outputs, that they do not hold any more."""
        return [dep.path for dep in stage.deps if dep.md5 and self._md5(dep.path) not in {"", dep.md5}]

    def _md5(self, path: str) -> str:
        """Return the hash of a part of an output, or of a folder of several; "" for what git holds or one output is."""
        touching = [output for output in self.outputs if _is_in(path, output.path) or _is_in(output.path, path)]
        if any(output.path == path or not output.is_cached for output in touching):
            return ""
        files = {name: md5 for output in touching for name, md5 in self._files(output).items()}
        return files.get(path) or md5_of_folder(path, files)

    def _files(self, output: Output) -> Mapping[str, str]:
        if not output.is_folder:
            return {output.path: output.md5}
        held = listed_files(self.cache, output.md5)
        if held is None:
            listed = members(self.repository, self.commit, output, self.cache)
            held = {name: file.md5 for name, file in listed.items()}
        return {f"{output.path}/{name}": md5 for name, md5 in held.items()}


def _is_in(path: str, folder: str) -> bool:
    return PurePosixPath(path).is_relative_to(folder)
