"""The tags that withdraw a release, or take it out of a stage, so that GTO and DVC offer nothing in its place."""

from collections.abc import Iterable

from cellarena.registry.releases.names import Reference, is_version
from cellarena.registry.releases.releases import Released, resolve, stage_standing
from cellarena.registry.releases.tags import NewTag, emptying_tag, next_counter, read_tags, withdrawing_tag
from cellarena.registry.repository.repository import Repository


def withdrawal(repository: Repository, release: Released, why: str) -> NewTag:
    """Return the tag that withdraws a version for everybody."""
    text = withdrawing_tag(repository, release.name, release.version)
    return NewTag(text, release.commit, f"{release} is withdrawn: {why}")


def emptyings(repository: Repository, release: Released, stages: Iterable[str], why: str) -> list[NewTag]:
    """Return the tags that take a release out of stages that hold it.

    For GTO and DVC a stage would fall back to the version before, which nobody proved anew; that is what `rollback` is
    for. So those before are taken out too, and the release itself last.
    """
    tags, name = [], release.name
    counter = next_counter(read_tags(repository), name)
    for stage in stages:
        for version in filter(is_version, stage_standing(repository, name, stage).holding):
            held = resolve(repository, Reference(name, version=version))
            said = (
                f"{release} is withdrawn from {stage}: {why}" if held == release else f"{held} is not left in {stage}"
            )
            tags.append(NewTag(emptying_tag(repository, name, stage, counter), held.commit, said))
            counter += 1
    return tags
