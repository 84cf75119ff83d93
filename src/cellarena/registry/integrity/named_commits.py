"""The commits whose outputs must be there."""

from dataclasses import dataclass

from cellarena.registry.releases.releases import releases
from cellarena.registry.repository.repository import Repository


@dataclass(frozen=True, order=True)
class NamedCommit:
    """A name that git or GTO gives to a commit: HEAD, a branch, or a release such as maunet@v1.2.0."""

    name: str
    commit: str
    is_release: bool = False


def published_commits(repository: Repository) -> list[NamedCommit]:
    """Return HEAD and the releases, sorted by name: what others rely on; a ValueError if there is no commit yet."""
    # GTO passes over a tag that git cannot read; to git it is an error.
    repository.refs("refs/tags")
    released = (NamedCommit(str(release), release.commit, is_release=True) for release in releases(repository))
    return [NamedCommit("HEAD", repository.commit("HEAD")), *sorted(released)]


def promising_commits(repository: Repository) -> list[NamedCommit]:
    """Return what is published, as `published_commits`, and the local branches: what this clone says is there."""
    return [*published_commits(repository), *_branches(repository)]


def commits_elsewhere(repository: Repository) -> list[NamedCommit]:
    """Return all that the repositories this one was cloned from have a name for now, experiments among it.

    Raises:
        ValueError: if one of them does not answer, or has a commit that is not here.
    """
    found = []
    for remote in repository.git("remote").decode().split():
        listed = repository.git("ls-remote", "--", remote).decode(errors="surrogateescape").splitlines()
        refs = [(name, ref) for name, _, ref in (line.partition("\t") for line in listed) if ref.startswith("refs/")]
        given = "".join(f"{name}\n" for name, _ in refs).encode()
        known = repository.git("cat-file", "--batch-check=%(objectname)", given=given).decode().splitlines()
        for (name, ref), answer in zip(refs, known, strict=True):
            if answer.endswith("missing"):
                advice = _advice(remote, ref.split("/")[1])
                raise ValueError(f"{remote}: {ref} is at {name[:7]}, which is not here; run {advice} first")
            found.append(NamedCommit(f"{remote}: {ref}", name))
    return found


def _advice(remote: str, space: str) -> str:
    """Return how the refs of a namespace are fetched."""
    if space in {"heads", "tags"}:
        return "`git fetch --all --tags`"
    return f"`git fetch {remote} 'refs/{space}/*:refs/{space}/*'`"


def _branches(repository: Repository) -> list[NamedCommit]:
    refs = repository.refs("refs/heads")
    return sorted(NamedCommit(ref.removeprefix("refs/heads/"), commit) for ref, commit in refs.items())
