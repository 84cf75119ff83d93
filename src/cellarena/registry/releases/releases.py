"""Releases and the stages they stand in: annotated git tags in GTO's form."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cellarena.registry.releases.names import Reference, version_key
from cellarena.registry.releases.standings import Standing, standing_of, taken_versions, versions_of
from cellarena.registry.releases.tags import NewTag, Tag, next_counter, places_of, read_tags, tag_name, written
from cellarena.registry.repository.plain_yaml import read_yaml
from cellarena.registry.repository.repository import Repository

Bump = Literal["major", "minor", "patch"]


@dataclass(frozen=True)
class Released:
    """One version of an artifact.

    Attributes:
        commit: the full hash of the commit whose dvc.lock holds it.
        stages: in which it is the current version, sorted.
        message: of its tag.
        tag: the whole name of its tag; that of a project in a folder of the git repository begins with the folder.
        withdrawn: why it may not be used any more; "" if it may.
    """

    name: str
    version: str
    commit: str
    stages: tuple[str, ...]
    message: str
    created: datetime
    tag: str
    withdrawn: str = ""

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"


def releases(repository: Repository) -> list[Released]:
    """Return all releases, those that were withdrawn too, by name, the newest version of each first."""
    tags = read_tags(repository)
    found = [release for name in {tag.name for tag in tags} for release in _of_artifact(_of(tags, name), name)]
    return sorted(found, key=lambda release: (release.name, [-part for part in version_key(release.version)]))


def resolve(repository: Repository, reference: Reference) -> Released:
    """Return the release that a reference means; one that was withdrawn if its version is asked for.

    Raises:
        ValueError: if there is none; the message says what there is.
    """
    known = [release for release in releases(repository) if release.name == reference.name]
    if not known:
        raise ValueError(
            f"{repository.address}: {reference.name} was never released; see `cellarena releases`"
            f"{_elsewhere(repository, reference.name)}"
        )
    if reference.version:
        chosen = [release for release in known if release.version == reference.version]
    elif reference.stage:
        chosen = [release for release in known if reference.stage in release.stages]
    else:
        chosen = [release for release in known if not release.withdrawn][:1]
    if not chosen:
        why = _emptied(repository, reference)
        raise ValueError(f"{repository.address}: there is no {reference}{why}; {reference.name} has {_listed(known)}")
    return chosen[0]


def refuse_withdrawn(repository: Repository, release: Released) -> None:
    """Raise a ValueError if a release was withdrawn, which says why, and what to use instead."""
    if not release.withdrawn:
        return
    known = [other for other in releases(repository) if other.name == release.name and not other.withdrawn]
    usable = [f"{other} (in {', '.join(other.stages)})" for other in known if other.stages] or list(map(str, known[:1]))
    instead = f"use {' or '.join(usable)}" if usable else "nothing replaces it yet"
    raise ValueError(f"{repository.address}: {release} was withdrawn: {release.withdrawn}; {instead}")


def holder_of(repository: Repository, name: str, stage: str) -> Released | None:
    """Return the release that a stage holds; None if it is empty, or holds what is no release."""
    return next((known for known in releases(repository) if known.name == name and stage in known.stages), None)


def stage_standing(repository: Repository, name: str, stage: str) -> Standing:
    """Return what a stage of an artifact holds, and how it came to that."""
    return standing_of(_of(read_tags(repository), name), stage)


def stage_history(repository: Repository, name: str, stage: str) -> list[Tag]:
    """Return the `Standing.history` of a stage of an artifact."""
    return stage_standing(repository, name, stage).history


def versions_taken(repository: Repository, name: str) -> set[str]:
    """Return every version that an artifact ever had, withdrawn or removed though it be."""
    return taken_versions(_of(read_tags(repository), name))


def next_version(taken: Iterable[str], bump: Bump) -> str:
    """Return the version that follows the highest of these; v1.0.0 is the first."""
    highest = max((version_key(version) for version in taken), default=None)
    if highest is None:
        return "v1.0.0"
    major, minor, patch = highest
    following = {"major": (major + 1, 0, 0), "minor": (major, minor + 1, 0), "patch": (major, minor, patch + 1)}
    return "v" + ".".join(str(part) for part in following[bump])


def register(repository: Repository, name: str, version: str, commit: str, message: str) -> None:
    """Write the tag of a release; a ValueError if the commit is released so already, or git refuses the tag."""
    for known in _at_commit(repository, name, commit):
        if known.withdrawn:
            raise ValueError(
                f"{repository.address}: {commit[:7]} is {known}, which was withdrawn: {known.withdrawn}; a commit is "
                "released once: commit what is better, or `git commit --allow-empty` to release the same again"
            )
        raise ValueError(f"{repository.address}: {commit[:7]} is released already, as {known}")
    with written(repository, [NewTag(tag_name(repository, f"{name}@{version}"), commit, message)]):
        pass


def assignment(repository: Repository, release: Released, stage: str, message: str) -> NewTag:
    """Return the tag that puts a release into a stage.

    Raises:
        ValueError: if .gto does not know the stage, or another version has the release's commit.
    """
    _refuse_unknown(repository, stage)
    others = [other for other in _at_commit(repository, release.name, release.commit) if other != release]
    if others:
        tag = others[0].tag
        raise ValueError(
            f"{repository.address}: {release.commit[:7]} is {release} and {others[0]}, so that no stage's tag can say "
            f"which it means; remove one: git tag -d {tag} && git push origin :refs/tags/{tag}"
        )
    counter = next_counter(repository, release.name)
    return NewTag(tag_name(repository, f"{release.name}#{stage}#{counter}"), release.commit, message)


def _elsewhere(repository: Repository, name: str) -> str:
    places = [place or "the root" for place in places_of(repository, name)]
    return f"; it was in {', '.join(places)}: name that folder as ADDRESS#subdirectory=FOLDER" if places else ""


def _of(tags: Sequence[Tag], name: str) -> list[Tag]:
    return [tag for tag in tags if tag.name == name]


def _of_artifact(tags: Sequence[Tag], name: str) -> list[Released]:
    current = {stage: standing_of(tags, stage).current for stage in sorted({tag.stage for tag in tags} - {""})}
    found = []
    for version, (tag, withdrawn) in versions_of(tags).items():
        stages = tuple(stage for stage, held in current.items() if held == version)
        found.append(Released(name, version, tag.commit, stages, tag.message, tag.created, tag.text, withdrawn))
    return found


def _at_commit(repository: Repository, name: str, commit: str) -> list[Released]:
    return [release for release in releases(repository) if release.name == name and release.commit == commit]


def _emptied(repository: Repository, reference: Reference) -> str:
    """Return why there is nothing where something was, and how it gets back."""
    standing = stage_standing(repository, reference.name, reference.stage) if reference.stage else Standing()
    if standing.current:
        return f", but commit {standing.current[:7]}, which is no release"
    if not standing.emptied:
        return ""
    version, why = standing.emptied
    back = f"cellarena rollback {reference.name} {reference.stage}"
    return f": {reference.name}@{version} was withdrawn from it: {why}; `{back}` puts back what was there before"


def _listed(known: Sequence[Released]) -> str:
    return ", ".join(
        f"{release.version}{''.join(f' #{s}' for s in release.stages)}{' (withdrawn)' * bool(release.withdrawn)}"
        for release in known
    )


def _refuse_unknown(repository: Repository, stage: str) -> None:
    """GTO reads from .gto which stages there are; without one all names are stages."""
    path = repository.folder / ".gto"
    content = read_yaml(path.read_bytes()) if path.is_file() else None
    stages = content.get("stages") if isinstance(content, dict) else None
    if isinstance(stages, list) and stages and stage not in stages:
        raise ValueError(f"{path}: knows no stage {stage}, but {', '.join(map(str, stages))}")
