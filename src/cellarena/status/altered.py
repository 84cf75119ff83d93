"""Results that git keeps and that no stage made: where they are, and what is said of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cellarena.faults import IntegrityError, PartialError
from cellarena.registry.integrity.named_commits import NamedCommit
from cellarena.registry.repository import Repository
from cellarena.registry.results_in_git import altered_at
from cellarena.reporting.tables import plain
from cellarena.shell.project import Project
from cellarena.status.pipeline import Pipeline, read_pipeline

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


def results_in_git(project: Project, repository: Repository, named_commits: Iterable[NamedCommit]) -> Results:
    """Return what is known of the results in git of commits, and of the working tree unless a merge is going on there.

    Raises:
        ValueError, SecurityError: if a commit's pipeline cannot be read.
    """
    pipeline, unread = None, ""
    try:
        pipeline = read_pipeline(project.layout.root)
    except ValueError as error:
        unread = str(error)
    return Results(altered_results(repository, named_commits, pipeline), unread)


def altered_results(
    repository: Repository, named_commits: Iterable[NamedCommit], pipeline: Pipeline | None
) -> list[Altered]:
    """Return the results in git of commits and of the working tree that no stage made, sorted by path.

    Args:
        repository: of the commits.
        named_commits: the commits.
        pipeline: of the working tree; None leaves it out.

    Raises:
        ValueError, SecurityError: if a pipeline cannot be read.
    """
    places: dict[tuple[str, str], list[str]] = {}
    names: dict[str, list[str]] = {}
    for named in named_commits:
        names.setdefault(named.commit, []).append(named.name)
    for commit, called in names.items():
        for output in altered_at(repository, commit):
            places.setdefault((output.path, output.stage), []).extend(called)
    here = {path: pipeline.makers[path] for path in pipeline.altered} if pipeline else {}
    for path, stage in here.items():
        places.setdefault((path.as_posix(), stage), []).append(_HERE)
    return [Altered(*result, where) for result, where in sorted(places.items())]


def refuse_altered_results(altered: Sequence[Altered]) -> None:
    """Do nothing if there are none.

    Raises:
        IntegrityError: if there are.
    """
    if altered:
        raise IntegrityError(altered_words({result.path: result.stage for result in altered}))


def refuse_unread_results(results: Results) -> None:
    """Do nothing if those of the working tree could be compared.

    Raises:
        PartialError: if not.
    """
    if results.unread:
        raise PartialError(
            f"{_HERE}: its results were not compared with dvc.lock ({results.unread}); end what is going on there, and "
            "ask again"
        )


def altered_words(altered: Mapping[str, str]) -> str:
    """Return what is to be said of results in git, given with their stages by path, that no stage made."""
    named = [f"{path} (stage {stage})" for path, stage in sorted(altered.items())]
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    stages = " ".join(sorted(set(altered.values()))[:_NAMED])
    return (
        f"{', '.join(named[:_NAMED])}{more}: not what the stage made, as dvc.lock records it; `git checkout` what was "
        f"edited or merged, or run `dvc repro {stages}` and commit what it makes together with dvc.lock"
    )
