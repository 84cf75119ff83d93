"""What was made from an object: the stages of a commit as a graph of the paths that they read and write."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from cellarena.registry.integrity.named_commits import NamedCommit
from cellarena.registry.integrity.promised_objects import Use
from cellarena.registry.locked import LockedStage, locked_stages
from cellarena.registry.outputs import Output, outputs_at
from cellarena.registry.repository import Repository


@dataclass(frozen=True)
class Dependents:
    """What depends on an object.

    Attributes:
        stages: that made it, or the .dvc file that names it; sorted.
        names: HEAD, branches and releases that promise it, in their order.
        releases: those among the names.
        results: numbers and figures in git whose stage reads it, or reads what was made from it; those that are
            of everything, which lie higher, first.
    """

    stages: Sequence[str]
    names: Sequence[str]
    releases: Sequence[str]
    results: Sequence[str]


class Flow:
    """What the stages of one commit read and write."""

    def __init__(self, stages: Mapping[str, LockedStage], outputs: Iterable[Output]) -> None:
        """Build the graph.

        Args:
            stages: of a commit.
            outputs: of that commit, those in git among them.
        """
        self._readers, self._results = _PathIndex(), dict[str, set[str]]()
        for name, stage in stages.items():
            for dep in stage.deps:
                self._readers.add(dep.path, name)
        self._written: dict[str, list[str]] = {}
        for output in outputs:
            self._written.setdefault(output.stage, []).append(output.path)
            if not output.is_cached:
                self._results.setdefault(output.stage, set()).add(output.path)

    def results(self, path: str) -> set[str]:
        """Return the outputs in git of all stages that read a path, or read what was made from it."""
        waiting, seen = self._readers.touching(path), set[str]()
        while waiting:
            stage = waiting.pop()
            seen.add(stage)
            for written in self._written.get(stage, ()):
                waiting |= self._readers.touching(written) - seen
        return set().union(*(self._results.get(stage, set()) for stage in seen))


class _PathIndex:
    """Names by the path that they belong to."""

    def __init__(self) -> None:
        self._at: dict[str, set[str]] = {}
        self._below: dict[str, set[str]] = {}

    def add(self, path: str, name: str) -> None:
        self._at.setdefault(path, set()).add(name)
        for parent in PurePosixPath(path).parents:
            self._below.setdefault(str(parent), set()).add(name)

    def touching(self, path: str) -> set[str]:
        """Return the names at a path, at a folder above it and at what lies below it."""
        above = (self._at.get(str(parent), set()) for parent in (PurePosixPath(path), *PurePosixPath(path).parents))
        return self._below.get(path, set()).union(*above)


def flows_of(repository: Repository, named_commits: Iterable[NamedCommit]) -> dict[str, Flow]:
    """Return the graph of every named commit, by the commit."""
    return {
        commit: Flow(locked_stages(repository, commit), outputs_at(repository, commit))
        for commit in sorted({named.commit for named in named_commits})
    }


def dependents_of(uses: Sequence[Use], flows: Mapping[str, Flow]) -> Dependents:
    """Return what depends on what is promised at these places.

    Args:
        uses: of one object, or of several.
        flows: of all commits that promise it, as from `flows_of`.
    """
    named_commits = list(dict.fromkeys(named for use in uses for named in use.named_commits))
    asked = {(named.commit, use.path) for use in uses for named in use.named_commits}
    return Dependents(
        sorted({use.output.stage for use in uses}),
        [named.name for named in named_commits],
        [named.name for named in named_commits if named.is_release],
        sorted(set[str]().union(*(flows[commit].results(path) for commit, path in asked)), key=_height),
    )


def _height(path: str) -> tuple[int, str]:
    return path.count("/"), path
