"""What DVC and this machine know of the stages of dvc.yaml; no lock is taken, so that they may run meanwhile."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from os.path import relpath
from pathlib import Path
from typing import Any

from cellarena.reporting.run_status import StageFacts
from cellarena.stages._at_work import paths_at_work, words_at_work


@dataclass(frozen=True)
class Pipeline:
    """The stages of a project.

    Attributes:
        facts: of each stage, by name.
        makers: the name of the stage that makes an output, by the output's path relative to the project's root.
    """

    facts: Mapping[str, StageFacts]
    makers: Mapping[Path, str]


def read_pipeline(root: Path) -> Pipeline:
    """Return the state of every stage.

    Files are compared with dvc.lock by the hashes that DVC keeps of them; those that changed since are hashed anew.

    Args:
        root: the folder of dvc.yaml, which is the current folder.

    Raises:
        ValueError: if the folder belongs to no git or no DVC repository, or its pipeline cannot be read.
    """
    from dvc.exceptions import DvcException, NotDvcRepoError
    from dvc.repo import Repo
    from dvc.scm import SCMError

    try:
        with Repo(str(root)) as repo:
            return _pipeline(repo, root)
    except (NotDvcRepoError, SCMError) as error:
        raise ValueError(
            f"{_line(error)}; ask in a clone of the project, whose dvc.lock is the state of its runs"
        ) from error
    except DvcException as error:
        raise ValueError(_line(error)) from error


def _line(error: Exception) -> str:
    return " ".join(str(error).split())


def _pipeline(repo: Any, root: Path) -> Pipeline:
    graph, comparison = repo.index.graph, _Comparison()
    stages = [stage for stage in repo.index.stages if stage.cmd]
    words, written = words_at_work(root), paths_at_work(Path(repo.tmp_dir or root) / "rwlock")
    facts = {}
    for stage in stages:
        running = tuple(stage.cmd.split()[1:]) in words or any(Path(out.fs_path) in written for out in stage.outs)
        facts[stage.addressing] = StageFacts(
            upstream=sorted(above.addressing for above in graph.successors(stage) if above.cmd),
            changed=tuple(comparison.changes(stage)),
            missing=tuple(str(out) for out in stage.outs if not out.exists),
            running=running,
        )
    makers = {Path(relpath(out.fs_path, root)): stage.addressing for stage in stages for out in stage.outs}
    return Pipeline(facts, makers)


class _Comparison:
    """Compares stages with dvc.lock; what many of them read is read once."""

    def __init__(self) -> None:
        self._hashes: dict[str, Any] = {}
        self._params: dict[tuple[str, ...], Mapping[str, Any]] = {}

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
            elif self._differs(dep):
                yield f"{dep} changed"
        for out in stage.outs:
            if self._differs(out):
                yield f"{out} is not what it made"

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
