"""Results that git keeps and that no stage made: where they are, and what is said of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cellarena.datasets.names import listed
from cellarena.faults import IntegrityError, PartialError
from cellarena.registry.integrity.named_commits import NamedCommit
from cellarena.registry.repository.pipelines import altered_at
from cellarena.registry.repository.repository import Repository
from cellarena.reporting.tables import plain
from cellarena.status.pipeline import read_pipeline

_HERE = "the working tree"
_NAMED = 3


@dataclass(frozen=True)
class Altered:
    """A result that is not what its stage made, and where it is so: names of commits, or the working tree."""

    path: str
    stage: str
    places: Sequence[str]

    def __str__(self) -> str:
        return f"{plain(self.path)}: not what stage {plain(self.stage)} made, in {', '.join(map(plain, self.places))}"


@dataclass(frozen=True)
class Results:
    """What was found of the results in git.

    Attributes:
        altered: those that no stage made.
        unread: why those of the working tree could not be compared; empty if they were.
    """

    altered: Sequence[Altered]
    unread: str = ""

    def lines(self) -> list[str]:
        """Return what is to be said of them."""
        return [*map(str, self.altered), *([f"{_HERE}: not compared ({plain(self.unread)})"] if self.unread else [])]


def results_in_git(root: Path, repository: Repository, points: Iterable[NamedCommit]) -> Results:
    """Return what is known of the results in git of commits, and of the working tree unless a merge is going on there.

    Raises:
        ValueError, SecurityError: if a commit's pipeline cannot be read.
    """
    try:
        return altered_results(repository, points, read_pipeline(root).altered)
    except ValueError as error:
        return replace(altered_results(repository, points, {}), unread=str(error))


def altered_results(repository: Repository, points: Iterable[NamedCommit], here: Mapping[Path, str]) -> Results:
    """Return the results in git that no stage made, sorted by path.

    Args:
        repository: of the commits.
        points: the commits.
        here: the stages of those in the working tree, by path.

    Raises:
        ValueError, SecurityError: if a commit's pipeline cannot be read.
    """
    places: dict[tuple[str, str], list[str]] = {}
    names: dict[str, list[str]] = {}
    for point in points:
        names.setdefault(point.commit, []).append(point.name)
    for commit, called in names.items():
        for output in altered_at(repository, commit):
            places.setdefault((output.path, output.stage), []).extend(called)
    for path, stage in here.items():
        places.setdefault((path.as_posix(), stage), []).append(_HERE)
    return Results([Altered(*result, where) for result, where in sorted(places.items())])


def refuse_altered(results: Results) -> None:
    """Do nothing if all results in git could be compared, and are what their stage made.

    Raises:
        IntegrityError: if one is not.
        PartialError: if those of the working tree could not be compared.
    """
    if altered := results.altered:
        names = listed((f"{result.path} (stage {result.stage})" for result in altered), _NAMED)
        stages = " ".join(sorted({result.stage for result in altered})[:_NAMED])
        raise IntegrityError(
            f"{names}: not what the stage made, as dvc.lock records it; `git checkout` what was edited or merged, or "
            f"run `dvc repro {stages}` and commit what it makes together with dvc.lock"
        )
    if results.unread:
        raise PartialError(
            f"{_HERE}: its results were not compared with dvc.lock ({results.unread}); end what is going on there, and "
            "ask again"
        )
