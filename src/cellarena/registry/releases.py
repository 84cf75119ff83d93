"""Releases: annotated git tags NAME@vX.Y.Z, and NAME#STAGE#N for the stages that they stand in."""

import re
from dataclasses import dataclass

from cellarena.registry.names import Reference, version_key
from cellarena.registry.repository import Repository

_STAGE_TAG = re.compile(r"(?P<name>[a-z][a-z0-9-]*)#(?P<stage>[a-z][a-z0-9-]*)#(?P<number>[0-9]+)")


@dataclass(frozen=True)
class Released:
    """One version of an artifact.

    Attributes:
        name: of the artifact.
        version: such as v1.2.0.
        commit: the full hash of the commit whose dvc.lock holds it.
        stages: in which it is the current version, sorted.
        message: of its tag.
    """

    name: str
    version: str
    commit: str
    stages: tuple[str, ...]
    message: str


def resolve(repository: Repository, reference: Reference) -> Released:
    """Return the release that a reference means.

    Raises:
        ValueError: if there is none; the message says what there is.
    """
    tags = repository.tags()
    versions = sorted(
        (tag.partition("@")[2] for tag in tags if re.fullmatch(rf"{reference.name}@v\d+\.\d+\.\d+", tag)),
        key=version_key,
    )
    commits = {version: repository.commit(f"refs/tags/{reference.name}@{version}") for version in versions}
    holders: dict[str, str] = {}
    numbered = [found for tag in tags if (found := _STAGE_TAG.fullmatch(tag)) and found["name"] == reference.name]
    for found in sorted(numbered, key=lambda match: int(match["number"])):
        holders[found["stage"]] = repository.commit(f"refs/tags/{found[0]}")
    wanted = holders.get(reference.stage) if reference.stage else None
    chosen = [v for v in versions if (commits[v] == wanted if reference.stage else reference.version in {None, v})]
    if not chosen:
        raise ValueError(f"{repository.address}: no release {reference}; {reference.name} has {versions or 'none'}")
    version = chosen[-1]
    stages = tuple(sorted(stage for stage, commit in holders.items() if commit == commits[version]))
    message = repository.git("tag", "--list", "--format=%(contents:subject)", f"{reference.name}@{version}")
    return Released(reference.name, version, commits[version], stages, message.decode(errors="replace").strip())
