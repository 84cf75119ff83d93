"""How the pointer of a stage is moved: evidence into git, then the tag, then both to `origin`, all or nothing."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cellarena.files import write_bytes
from cellarena.registry.completeness import ORIGIN, fetch_releases, has_origin
from cellarena.registry.releases import Released, assign, stage_history
from cellarena.registry.repository import Repository
from cellarena.registry.tags import NewTag, all_or_none
from cellarena.registry.withdrawals import emptyings, withdrawal


def bring_up_to_date(repository: Repository) -> None:
    """Fetch what others released and promoted; do nothing in a repository without `origin`.

    Raises:
        ValueError: if origin cannot be reached, or has commits of this branch that are not here.
    """
    branch = _branch(repository)
    fetch_releases(repository)
    if not has_origin(repository):
        return
    theirs = f"refs/remotes/{ORIGIN}/{branch}"
    if repository.git("for-each-ref", theirs) and int(repository.git("rev-list", "--count", f"HEAD..{theirs}")):
        raise ValueError(f"{repository.address}: {ORIGIN}/{branch} has commits that are not here; run `git pull`")


def move(repository: Repository, release: Released, stage: str, evidence: Mapping[str, Any], path: Path) -> str:
    """Put a release into a stage and return the tag that says so; if that fails, all is as it was.

    Args:
        repository: of a clone with a working tree.
        release: to be put there.
        stage: whose pointer is moved.
        evidence: why it may be; written as JSON and committed before the tag is made.
        path: of the evidence, relative to the project.

    Raises:
        ValueError: if somebody else moved the pointer meanwhile, or git refuses the commit, the tag or the push.
    """
    before, known = repository.commit("HEAD"), stage_history(repository, release.name, stage)
    path = Path(repository.inside(path))
    try:
        with all_or_none(repository) as write:
            _commit(repository, evidence, path, f"{release} is proved for {stage}")
            tag = assign(repository, write, release, stage, f"{release} to {stage}; see {path.as_posix()}")
            _push(repository, f"HEAD:refs/heads/{_branch(repository)}", *_refs(release.tag, tag))
    except BaseException as error:
        _undo(repository, before, path)
        if not isinstance(error, ValueError):
            raise
        raise ValueError(_reason(repository, release, stage, len(known), error)) from error
    return tag


def withdraw_everywhere(repository: Repository, release: Released, why: str) -> list[str]:
    """Withdraw a release, from the stages that hold it too, and return the tags that say so; all or none are left.

    Raises:
        ValueError: if it was withdrawn already, or git refuses a tag or the push.
    """
    if release.withdrawn:
        raise ValueError(f"{release} was withdrawn already: {release.withdrawn}")
    return _withdrawn(
        repository, [withdrawal(repository, release, why), *emptyings(repository, release, release.stages, why)]
    )


def withdraw_from(repository: Repository, release: Released, stage: str, why: str) -> list[str]:
    """Take a release out of a stage that holds it, which is empty then; return the tags that say so.

    Raises:
        ValueError: if git refuses a tag or the push.
    """
    return _withdrawn(repository, emptyings(repository, release, [stage], why))


def _commit(repository: Repository, evidence: Mapping[str, Any], path: Path, message: str) -> None:
    content = json.dumps(evidence, indent=2, sort_keys=True, allow_nan=False).encode() + b"\n"
    write_bytes(content, repository.folder / path)
    repository.git("add", "--force", "--", str(path))
    repository.git("commit", "--quiet", "--only", "--no-verify", "--message", message, "--", str(path))


def _withdrawn(repository: Repository, tags: list[NewTag]) -> list[str]:
    names = [tag.text for tag in tags]
    try:
        with all_or_none(repository) as write:
            for tag in tags:
                write(*tag)
            _push(repository, *_refs(*names))
    except ValueError as error:
        raise ValueError(f"{repository.address}: nothing was withdrawn: {error}") from error
    return names


def _push(repository: Repository, *refs: str) -> None:
    if has_origin(repository):
        repository.git("push", "--quiet", "--atomic", ORIGIN, *refs)


def _refs(*tags: str) -> list[str]:
    return [f"refs/tags/{tag}" for tag in tags]


def _undo(repository: Repository, before: str, path: Path) -> None:
    if repository.commit("HEAD") != before:
        repository.git("reset", "--quiet", "--soft", before)
    repository.git("rm", "--quiet", "--force", "--ignore-unmatch", "--", str(path))
    (repository.folder / path).unlink(missing_ok=True)


def _reason(repository: Repository, release: Released, stage: str, n_known: int, error: ValueError) -> str:
    """Return why the pointer was not moved; a push that is refused does not say who was faster."""
    if has_origin(repository):
        try:
            fetch_releases(repository)
        except ValueError:
            return f"{release} was not put into {stage}: {error}"
    history = stage_history(repository, release.name, stage)
    if len(history) > n_known:
        other = history[-1]
        return (
            f"{release} was not put into {stage}: {other.author} put {release.name}@{other.version} there meanwhile "
            f"({other.tag}); look at it, then promote again if you still want to"
        )
    return f"{release} was not put into {stage}: {error}"


def _branch(repository: Repository) -> str:
    try:
        return repository.git("symbolic-ref", "--quiet", "--short", "HEAD").decode().strip()
    except ValueError as error:
        raise ValueError(f"{repository.address}: no branch is checked out; run `git switch BRANCH`") from error
