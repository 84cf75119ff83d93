"""The commits whose outputs must be there."""

from collections.abc import Sequence
from dataclasses import dataclass

from cellarena.registry.releases import releases
from cellarena.registry.repository import Repository


@dataclass(frozen=True, order=True)
class Point:
    """A name that git or GTO gives to a commit: HEAD, a branch, or a release such as maunet@v1.2.0."""

    name: str
    commit: str
    is_release: bool = False


def published_points(repository: Repository) -> list[Point]:
    """Return HEAD and the releases, sorted by name: what others rely on.

    Raises:
        ValueError: if there is no commit yet.
    """
    released = (Point(str(release), release.commit, is_release=True) for release in releases(repository))
    return [Point("HEAD", repository.commit("HEAD")), *sorted(released)]


def promising_points(repository: Repository) -> list[Point]:
    """Return HEAD, the releases and the local branches: what this clone says is there.

    Raises:
        ValueError: if there is no commit yet.
    """
    return [*published_points(repository), *_refs(repository, "refs/heads")]


def all_points(repository: Repository) -> list[Point]:
    """Return HEAD and everything that git has a name for: branches, also of other repositories, tags, experiments.

    Raises:
        ValueError: if there is no commit yet.
    """
    return [Point("HEAD", repository.commit("HEAD")), *_refs(repository, "refs")]


def points_elsewhere(repository: Repository, known: Sequence[Point]) -> list[Point]:
    """Return the branches and tags that the repositories this one was cloned from have now.

    Raises:
        ValueError: if one of them does not answer, or has a commit that is not here.
    """
    found, here = [], {point.commit for point in known}
    for remote in repository.git("remote").decode().split():
        for line in repository.git("ls-remote", "--heads", "--tags", "--", remote).decode().splitlines():
            commit, _, ref = line.partition("\t")
            # The line of an annotated tag itself is followed by one of the commit that it names, which ends in ^{}.
            name = f"{remote}: {ref.removesuffix('^{}')}"
            if commit not in here:
                found.append(Point(name, _fetched(repository, commit, name)))
    return found


def _fetched(repository: Repository, commit: str, name: str) -> str:
    try:
        return repository.commit(commit)
    except ValueError as error:
        raise ValueError(f"{name} is at {commit[:7]}, which is not here; run `git fetch --all --tags` first") from error


def _refs(repository: Repository, below: str) -> list[Point]:
    """Return what refs name, where that is a commit or the tag of one."""
    form = "--format=%(objecttype) %(objectname) %(*objecttype) %(*objectname) %(refname)"
    found = []
    for line in repository.git("for-each-ref", form, below).decode(errors="surrogateescape").splitlines():
        kind, commit, *tagged, ref = line.split(" ")
        if kind == "tag":
            kind, commit = tagged
        if kind == "commit":
            found.append(Point(ref.removeprefix("refs/heads/"), commit))
    return sorted(found)
