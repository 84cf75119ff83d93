"""Whether what a commit promises was made of what the commit holds, from an output up to the data as acquired."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cellarena.registry.fetching import members
from cellarena.registry.growth import stored_at
from cellarena.registry.repository.locked import LockedStage, chain, locked_stages
from cellarena.registry.repository.outputs import Output
from cellarena.registry.repository.pipelines import declared_stages, md5_of_folder, outdated_stages, outputs_of
from cellarena.registry.repository.repository import Repository


def outdated_above(repository: Repository, commit: str, path: str, cache: Path) -> dict[str, list[str]]:
    """Return the stages that an output rests on and that did not run with what the commit holds; what differs, sorted.

    Beside what `outdated_stages` compares, what a stage read of a folder that another makes is looked up in the list
    of that folder's files: dvc.lock that was put together by a merge may hold one from each side.

    Args:
        repository: of the commit.
        commit: its hash.
        path: of an output; one that no stage makes rests on none.
        cache: the folder of DVC's objects; the remote is asked for the lists that it lacks.

    Raises:
        ValueError, SecurityError: if the commit's pipeline cannot be read.
        PartialError: if the list of a folder cannot be had.
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
        held = stored_at(self.cache, output.md5)
        if held.is_file():
            return {f"{output.path}/{entry['relpath']}": str(entry["md5"]) for entry in json.loads(held.read_bytes())}
        return {file.path: file.md5 for file in members(self.repository, self.commit, output, self.cache).values()}


def _is_in(path: str, folder: str) -> bool:
    return PurePosixPath(path).is_relative_to(folder)
