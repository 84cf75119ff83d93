"""Results that git keeps and that no stage made: where they are, and what is said of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cellarena.faults import IntegrityError
from cellarena.registry.integrity.points import Point
from cellarena.registry.repository import Repository
from cellarena.registry.results_in_git import altered_at
from cellarena.reporting.tables import plain
from cellarena.stages._pipeline import Pipeline

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


def altered_results(repository: Repository, points: Iterable[Point], pipeline: Pipeline) -> list[Altered]:
    """Return the results in git of commits and of the working tree that no stage made, sorted by path.

    Args:
        repository: of the commits.
        points: the commits.
        pipeline: of the working tree.

    Raises:
        ValueError, SecurityError: if a pipeline cannot be read.
    """
    places: dict[tuple[str, str], list[str]] = {}
    names: dict[str, list[str]] = {}
    for point in points:
        names.setdefault(point.commit, []).append(point.name)
    for commit, called in names.items():
        for output in altered_at(repository, commit):
            places.setdefault((output.path, output.stage), []).extend(called)
    for path in pipeline.altered:
        places.setdefault((path.as_posix(), pipeline.makers[path]), []).append(_HERE)
    return [Altered(*result, where) for result, where in sorted(places.items())]


def refuse_altered_results(altered: Sequence[Altered]) -> None:
    """Do nothing if there are none.

    Raises:
        IntegrityError: if there are.
    """
    if altered:
        raise IntegrityError(altered_words({result.path: result.stage for result in altered}))


def altered_words(altered: Mapping[str, str]) -> str:
    """Return what is to be said of results in git, given with their stages by path, that no stage made."""
    named = [f"{path} (stage {stage})" for path, stage in sorted(altered.items())]
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    stages = " ".join(sorted(set(altered.values()))[:_NAMED])
    return (
        f"{', '.join(named[:_NAMED])}{more}: not what the stage made, as dvc.lock records it; `git checkout` what was "
        f"edited or merged, or run `dvc repro {stages}` and commit what it makes together with dvc.lock"
    )
