"""How the pointer of a stage is moved: evidence into git, then the tag, then both to `origin`, all or nothing."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cellarena.files import write_bytes
from cellarena.registry.releases.completeness import ORIGIN, fetch_releases, has_origin
from cellarena.registry.releases.names import Reference, is_version
from cellarena.registry.releases.releases import Released, assignment, resolve, stage_history, stage_standing
from cellarena.registry.releases.tags import NewTag, next_counter, tag_name, written
from cellarena.registry.repository.repository import Repository


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
    """Put a release into a stage of a clone and return the tag that says so; if that fails, all is as it was.

    The evidence why it may be is written as JSON to a path of the project, and committed before the tag is made.

    Raises:
        ValueError: if somebody else moved the pointer meanwhile, or git refuses the commit, the tag or the push.
    """
    before, known = repository.commit("HEAD"), stage_history(repository, release.name, stage)
    path = Path(repository.inside(path))
    try:
        _commit(repository, evidence, path, f"{release} is proved for {stage}")
        tag = assignment(repository, release, stage, f"{release} to {stage}; see {path.as_posix()}")
        with written(repository, [tag]):
            _push(repository, (release.tag, tag.text), f"HEAD:refs/heads/{_branch(repository)}")
    except BaseException as error:
        _undo(repository, before, path)
        if not isinstance(error, ValueError):
            raise
        raise ValueError(_reason(repository, release, stage, len(known), error)) from error
    return tag.text


def withdraw_everywhere(repository: Repository, release: Released, why: str) -> list[str]:
    """Withdraw a release, from the stages that hold it too, and return the tags that say so; all or none are left.

    Raises:
        ValueError: if it was withdrawn already, or git refuses a tag or the push.
    """
    if release.withdrawn:
        raise ValueError(f"{release} was withdrawn already: {release.withdrawn}")
    text = tag_name(repository, f"{release}!")
    tag = NewTag(text, release.commit, f"{release} is withdrawn: {why}")
    return _withdrawn(repository, [tag, *_emptyings(repository, release, release.stages, why)])


def withdraw_from(repository: Repository, release: Released, stage: str, why: str) -> list[str]:
    """Take a release out of a stage that holds it, which is empty then; return the tags that say so, all or none."""
    return _withdrawn(repository, _emptyings(repository, release, [stage], why))


def _emptyings(repository: Repository, release: Released, stages: Iterable[str], why: str) -> list[NewTag]:
    """Return the tags that take a release out of stages that hold it.

    For GTO and DVC a stage would fall back to the version before, which nobody proved anew; that is what `rollback` is
    for. So those before are taken out too, and the release itself last.
    """
    tags, name = [], release.name
    counter = next_counter(repository, name)
    for stage in stages:
        for version in filter(is_version, stage_standing(repository, name, stage).holding):
            held = resolve(repository, Reference(name, version=version))
            own = held == release
            said = f"{release} is withdrawn from {stage}: {why}" if own else f"{held} is not left in {stage}"
            tags.append(NewTag(tag_name(repository, f"{name}#{stage}!#{counter}"), held.commit, said))
            counter += 1
    return tags


def _commit(repository: Repository, evidence: Mapping[str, Any], path: Path, message: str) -> None:
    content = json.dumps(evidence, indent=2, sort_keys=True, allow_nan=False).encode() + b"\n"
    write_bytes(content, repository.folder / path)
    repository.git("add", "--force", "--", str(path))
    repository.git("commit", "--quiet", "--only", "--no-verify", "--message", message, "--", str(path))


def _withdrawn(repository: Repository, tags: list[NewTag]) -> list[str]:
    try:
        with written(repository, tags):
            _push(repository, [tag.text for tag in tags])
    except ValueError as error:
        raise ValueError(f"{repository.address}: nothing was withdrawn: {error}") from error
    return [tag.text for tag in tags]


def _push(repository: Repository, tags: Iterable[str], *branches: str) -> None:
    if has_origin(repository):
        repository.git("push", "--quiet", "--atomic", ORIGIN, *branches, *(f"refs/tags/{tag}" for tag in tags))


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
            f"({other.text}); look at it, then promote again if you still want to"
        )
    return f"{release} was not put into {stage}: {error}"


def _branch(repository: Repository) -> str:
    try:
        return repository.git("symbolic-ref", "--quiet", "--short", "HEAD").decode().strip()
    except ValueError as error:
        raise ValueError(f"{repository.address}: no branch is checked out; run `git switch BRANCH`") from error
