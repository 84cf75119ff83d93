"""Releases and the stages they stand in: annotated git tags, written and read by GTO."""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from cellarena.registry.names import Reference, is_version, version_key
from cellarena.registry.repository import Repository

_IN_A_TAG = re.compile(r"[a-zA-Z0-9_-]+(\.[a-zA-Z0-9_-]+)*")
Bump = Literal["major", "minor", "patch"]


@dataclass(frozen=True)
class Released:
    """One version of an artifact.

    Attributes:
        name: of the artifact.
        version: such as v1.2.0.
        commit: the full hash of the commit whose dvc.lock holds it.
        stages: in which it is the current version, sorted.
        message: of its tag.
        created: when the tag was made.
        tag: the whole name of its tag; that of a project in a folder of the git repository begins with the folder.
    """

    name: str
    version: str
    commit: str
    stages: tuple[str, ...]
    message: str
    created: datetime
    tag: str

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"


@dataclass(frozen=True)
class Assignment:
    """A version that was put into a stage; the last one of a stage is the current one."""

    version: str
    stage: str
    tag: str
    author: str
    created: datetime


def releases(repository: Repository) -> list[Released]:
    """Return all releases, by name, the newest version of each first."""
    with _registry(repository) as registry:
        found = [
            _released(name, artifact, version)
            for artifact in registry.get_state().artifacts.values()
            if (name := _own_name(repository, artifact.artifact))
            for version in artifact.get_versions()
            if _is_release(version)
        ]
    return sorted(found, key=lambda release: (release.name, [-part for part in version_key(release.version)]))


def resolve(repository: Repository, reference: Reference) -> Released:
    """Return the release that a reference means.

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
        chosen = known[:1]
    if not chosen:
        listed = ", ".join(f"{release.version}{''.join(f' #{s}' for s in release.stages)}" for release in known)
        raise ValueError(f"{repository.address}: there is no {reference}; {reference.name} has {listed}")
    return chosen[0]


def stage_history(repository: Repository, name: str, stage: str) -> list[Assignment]:
    """Return what was put into a stage, in the order in which it was; the last is the current one."""
    with _registry(repository) as registry:
        artifact = registry.get_state().artifacts.get(_full_name(repository, name))
        versions = artifact.get_versions() if artifact else []
        events = [event for version in versions for of in version.stages.values() for event in of.assignments]
    found = [Assignment(e.version, e.stage, e.tag, e.author, e.created_at) for e in events if e.stage == stage]
    return sorted(found, key=lambda entry: int(entry.tag.rpartition("#")[2]))


def next_version(known: list[Released], bump: Bump) -> str:
    """Return the version that follows the highest of these; v1.0.0 is the first."""
    if not known:
        return "v1.0.0"
    major, minor, patch = max(version_key(release.version) for release in known)
    following = {"major": (major + 1, 0, 0), "minor": (major, minor + 1, 0), "patch": (major, minor, patch + 1)}
    return "v" + ".".join(str(part) for part in following[bump])


def register(repository: Repository, name: str, version: str, commit: str, message: str) -> None:
    """Write the tag of a release.

    Raises:
        ValueError: if GTO refuses it, because this commit is released under that name already for example.
    """
    with _registry(repository) as registry:
        registry.register(name=_full_name(repository, name), rev=commit, version=version, message=message, simple=True)


def assign(repository: Repository, release: Released, stage: str, message: str) -> str:
    """Put a release into a stage and return the tag that says so.

    Raises:
        ValueError: if GTO refuses it; if .gto does not know the stage, for example.
    """
    with _registry(repository) as registry:
        registry.assign(
            name=_full_name(repository, release.name), stage=stage, version=release.version, message=message,
            simple=False, force=True, skip_registration=True,
        )  # fmt: skip
    return stage_history(repository, release.name, stage)[-1].tag


def tag_of(repository: Repository, name: str, version: str) -> str:
    """Return the name of the tag of a release, such as maunet@v1.2.0, or cells/2d=maunet@v1.2.0 in a folder."""
    return f"{_full_name(repository, name).replace(':', '=')}@{version}"


def _full_name(repository: Repository, name: str) -> str:
    """Return what GTO and DVC call an artifact: several projects of a git repository may have one of that name."""
    return f"{_place(repository.within)}:{name}" if repository.within else name


def _place(within: str) -> str:
    """Return a folder's name as a tag can have it: where it holds other letters, a likeness and a hash of it."""
    if not within or all(_IN_A_TAG.fullmatch(part) and not part.endswith(".lock") for part in within.split("/")):
        return within
    likeness = re.sub(r"[^a-zA-Z0-9/-]+", "_", within)
    return f"{likeness}-{hashlib.sha256(os.fsencode(within)).hexdigest()[:8]}"


def _own_name(repository: Repository, full: str) -> str:
    """Return the name of an artifact in its own project, empty if that is another one."""
    within, _, name = full.rpartition(":")
    return name if within == _place(repository.within) else ""


def _elsewhere(repository: Repository, name: str) -> str:
    with _registry(repository) as registry:
        pairs = [full.rpartition(":") for full in registry.get_state().artifacts]
    places = sorted(within or "the root" for within, _, other in pairs if other == name)
    return f"; it was in {', '.join(places)}: name that folder as ADDRESS#subdirectory=FOLDER" if places else ""


@contextmanager
def _registry(repository: Repository) -> Iterator[Any]:
    from gto.exceptions import GTOException
    from gto.registry import GitRegistry
    from scmrepo.exceptions import SCMError

    try:
        with GitRegistry.from_url(str(repository.folder)) as registry:
            yield registry
    except (GTOException, SCMError) as error:
        raise ValueError(f"{repository.address}: {' '.join(str(error).split())}") from error


def _is_release(version: Any) -> bool:
    """GTO also knows commits that only annotate an artifact, and versions that were taken back."""
    return version.is_registered and version.is_active and is_version(version.version)


def _released(name: str, artifact: Any, version: Any) -> Released:
    from gto.constants import VersionSort

    current = artifact.get_vstages(assignments_per_version=-1, versions_per_stage=1, sort=VersionSort.Timestamp)
    return Released(
        name=name,
        version=version.version,
        commit=version.commit_hexsha,
        stages=tuple(sorted(stage for stage, (newest,) in current.items() if newest.version == version.version)),
        message=version.registrations[-1].message,
        created=version.registrations[-1].created_at,
        tag=version.registrations[-1].tag,
    )
