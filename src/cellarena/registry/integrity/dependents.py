"""What was made from an object: the stages of a commit as a graph of the paths that they read and write."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from cellarena.registry.integrity.named_commits import NamedCommit
from cellarena.registry.integrity.promised_objects import Use
from cellarena.registry.repository.locked import LockedStage, locked_stages
from cellarena.registry.repository.outputs import Output, outputs_at
from cellarena.registry.repository.repository import Repository


@dataclass(frozen=True)
class Dependents:
    """What depends on an object.

    Attributes:
        names: HEAD, branches and releases that promise it, in their order.
        releases: those among the names.
        results: numbers and figures in git whose stage reads it, or reads what was made from it; those that are
            of everything, which lie higher, first.
    """

    names: Sequence[str]
    releases: Sequence[str]
    results: Sequence[str]


class Flow:
    """What the stages of one commit read and write."""

    def __init__(self, stages: Mapping[str, LockedStage], outputs: Iterable[Output]) -> None:
        """Build the graph from the stages of a commit and its outputs, those in git among them."""
        self._readers = _PathIndex()
        for name, stage in stages.items():
            for dep in stage.deps:
                self._readers.add(dep.path, name)
        self._written = defaultdict[str, list[Output]](list)
        for output in outputs:
            self._written[output.stage].append(output)

    def results(self, path: str) -> set[str]:
        """Return the outputs in git of all stages that read a path, or read what was made from it."""
        waiting, seen = self._readers.touching(path), set[str]()
        while waiting:
            stage = waiting.pop()
            seen.add(stage)
            for written in self._written.get(stage, ()):
                waiting |= self._readers.touching(written.path) - seen
        return {written.path for stage in seen for written in self._written.get(stage, ()) if not written.is_cached}


class _PathIndex:
    """Names by the path that they belong to."""

    def __init__(self) -> None:
        self._at, self._below = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)

    def add(self, path: str, name: str) -> None:
        self._at[path].add(name)
        for parent in PurePosixPath(path).parents:
            self._below[str(parent)].add(name)

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
    """Return what depends on what is promised at these places, by the `flows_of` all commits that promise it."""
    promising = list(dict.fromkeys(named for use in uses for named in use.named_commits))
    asked = {(named.commit, use.path) for use in uses for named in use.named_commits}
    return Dependents(
        [named.name for named in promising],
        [named.name for named in promising if named.is_release],
        sorted(set[str]().union(*(flows[commit].results(path) for commit, path in asked)), key=_height),
    )


def _height(path: str) -> tuple[int, str]:
    return path.count("/"), path
