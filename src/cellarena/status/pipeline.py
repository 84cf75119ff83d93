"""What DVC and this machine know of the stages of dvc.yaml; no lock is taken, so that they may run meanwhile."""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cellarena.shell.dvc_project import dvc_project
from cellarena.status.at_work import paths_at_work, words_at_work
from cellarena.status.states import StageFacts


@dataclass(frozen=True)
class Pipeline:
    """The stages of a project by name, and those that make its outputs, by paths relative to its root."""

    facts: Mapping[str, StageFacts]
    makers: Mapping[Path, str]
    altered: Mapping[Path, str]
    """Of the outputs that git keeps and that are not what was made; those being made at this moment are left out."""


def read_pipeline(root: Path) -> Pipeline:
    """Return the state of every stage of the dvc.yaml in the current folder.

    Files are compared with dvc.lock by the hashes that DVC keeps of them; those that changed since are hashed anew.

    Raises:
        ValueError: if the folder belongs to no git or no DVC repository, or its pipeline cannot be read.
    """
    with dvc_project(root) as repo:
        return _pipeline(repo, root)


def _pipeline(repo: Any, root: Path) -> Pipeline:
    stages = [stage for stage in repo.index.stages if stage.cmd]
    graph, comparison = repo.index.graph, _Comparison(repo.index.stages)
    words, written = words_at_work(root), paths_at_work(Path(repo.tmp_dir or root) / "rwlock")
    facts, altered = {}, dict[Path, str]()
    for stage in stages:
        running = _is_at_work(stage.cmd, words) or any(Path(out.fs_path) in written for out in stage.outs)
        facts[stage.addressing] = StageFacts(
            upstream=sorted(above.addressing for above in graph.successors(stage) if above.cmd),
            changed=tuple(comparison.changes(stage)),
            missing=tuple(str(out) for out in stage.outs if not out.exists),
            running=running,
        )
        altered |= {} if running else {_path(out, repo): stage.addressing for out in comparison.altered(stage)}
    makers = {_path(out, repo): stage.addressing for stage in stages for out in stage.outs}
    return Pipeline(facts, makers, dict(sorted(altered.items())))


def _path(out: Any, repo: Any) -> Path:
    """Return the path of an output relative to the project's root, whichever folder's dvc.yaml names it."""
    return Path(os.path.relpath(out.fs_path, repo.root_dir))


def _is_at_work(commands: str | Sequence[str], words: Collection[tuple[str, ...]]) -> bool:
    """Return whether a process is at a stage's command, or at one of several."""
    lines = [commands] if isinstance(commands, str) else commands
    return any(tuple(line.split()[1:]) in words for line in lines)


class _Comparison:
    """Compares stages with dvc.lock; what many of them read is read once."""

    def __init__(self, stages: Sequence[Any]) -> None:
        """Remember what the stages made.

        Args:
            stages: all of the project, and what stands for data that were added.
        """
        self._hashes: dict[str, Any] = {}
        self._params: dict[tuple[str, ...], Mapping[str, Any]] = {}
        self._made = {out.fs_path: out.hash_info for stage in stages for out in stage.outs if out.hash_info}

    def changes(self, stage: Any) -> Iterator[str]:
        """Yield what of a stage differs from dvc.lock, in a few words each."""
        from dvc.dependency import ParamsDependency

        if not any(out.hash_info for out in stage.outs):
            yield "not in dvc.lock"
            return
        if stage.changed_stage():
            yield "its command changed"
        for dep in stage.deps:
            if isinstance(dep, ParamsDependency):
                yield from self._changed_params(dep)
            elif self._differs(dep) or self._was_made_anew(dep):
                yield f"{dep} changed"
        for out in stage.outs:
            if self._differs(out):
                yield f"{out} is not what it made"

    def altered(self, stage: Any) -> Iterator[Any]:
        """Yield a stage's outputs that git keeps and that are not what it made."""
        for out in stage.outs:
            if out.hash_info and not out.use_cache and self._differs(out):
                yield out

    def _was_made_anew(self, dep: Any) -> bool:
        """Return whether dvc.lock says otherwise of what a stage read than of what another made, be it here or not."""
        made = self._made.get(dep.fs_path)
        return bool(made and dep.hash_info and made != dep.hash_info)

    def _changed_params(self, dep: Any) -> Iterator[str]:
        key = (dep.fs_path, *dep.params)
        if key not in self._params:
            self._params[key] = dep.read_params()
        now, then = self._params[key], dep.hash_info.value or {}
        absent = object()
        for name in dep.params:
            if now.get(name, absent) != then.get(name, absent):
                yield f"{name} changed"

    def _differs(self, entry: Any) -> bool:
        """Return whether a file or folder that is there has another hash than dvc.lock says."""
        path = entry.fs_path
        if path not in self._hashes:
            try:
                self._hashes[path] = entry.get_hash() if entry.exists else None
            except OSError:
                # A stage that runs took it away in this moment.
                self._hashes[path] = None
        return self._hashes[path] is not None and self._hashes[path] != entry.hash_info
