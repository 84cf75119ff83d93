"""What the tags of one artifact say together: its versions, which of them were withdrawn, what each stage holds."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from cellarena.registry.releases.names import is_version, version_key
from cellarena.registry.releases.tags import Tag


class Registered(NamedTuple):
    """A version: the tag that releases it, and why it was withdrawn; "" if it was not."""

    tag: Tag
    withdrawn: str


@dataclass
class Standing:
    """What a stage holds, and how it came to that.

    Attributes:
        history: the tags that put a version there, with that version, in that order.
        holding: the versions that are there for GTO, which holds a stage's earlier versions in reserve; the last one
            is the current one. A commit that is no release stands for itself.
        withdrawn: why a version was taken out while it was the current one, until it is put there again.
        emptied: by whose withdrawal the stage became empty, and why; None if it is not, or never held anything.
    """

    history: list[Tag] = field(default_factory=list)
    holding: list[str] = field(default_factory=list)
    withdrawn: dict[str, str] = field(default_factory=dict)
    emptied: tuple[str, str] | None = None

    @property
    def current(self) -> str | None:
        """The version, or the commit, that the stage holds."""
        return self.holding[-1] if self.holding else None


def versions_of(tags: Sequence[Tag]) -> dict[str, Registered]:
    """Return the versions of an artifact by themselves, from its tags, the oldest first."""
    registered = [tag for tag in tags if tag.commit and is_version(tag.version) and not tag.cancels]
    return {tag.version: Registered(tag, _withdrawal(tag, tags)) for tag in registered}


def taken_versions(tags: Sequence[Tag]) -> set[str]:
    """Return every version that an artifact ever had, as far as any tag says so; none is given a second time.

    A tag that is not annotated takes its version too, and so does one that was removed after its version had been
    promoted.
    """
    own = {tag.version for tag in tags}
    told = {version for tag in tags if tag.stage for version in _mentioned(tag)}
    return {version for version in own | told if is_version(version)}


def standing_of(tags: Sequence[Tag], stage: str) -> Standing:
    """Return what a stage of an artifact holds, as GTO reads its tags, the oldest first."""
    versions, standing = versions_of(tags), Standing()
    for tag in _in_order([tag for tag in tags if tag.stage == stage and tag.commit]):
        version = _version_at(tag, versions)
        if tag.cancels:
            _take_out(standing, version, reason_of(tag))
            continue
        standing.holding = [held for held in standing.holding if held != version] + [version]
        standing.withdrawn.pop(version, None)
        if version in versions:
            standing.history.append(replace(tag, version=version))
    for version in [held for held in standing.holding if held in versions and versions[held].withdrawn]:
        _take_out(standing, version, versions[version].withdrawn)
    return standing


def reason_of(tag: Tag) -> str:
    """Return why a tag withdraws something: its first paragraph, without what `withdraw` writes before it."""
    words = " ".join(tag.message.split("\n\n")[0].split())
    return re.sub(r"^\S+ is withdrawn(?: from \S+)?: ", "", words) or "no reason was given"


def _withdrawal(tag: Tag, tags: Sequence[Tag]) -> str:
    """A version that was registered anew after it had been withdrawn is none that is; as GTO reads it."""
    for other in reversed(tags):
        concerns_it = other.cancels and not other.stage and other.commit and other.version in {"", tag.version}
        # Git counts whole seconds, so that a withdrawal of the same second may have come after it.
        if concerns_it and other.created >= tag.created:
            return reason_of(other)
    return ""


def _in_order(tags: Sequence[Tag]) -> list[Tag]:
    """Return the tags of a stage as they came; clocks differ, numbers do not, but a tag may be without one."""
    placed, number = [], 0
    for tag in tags:
        number = tag.counter or number
        placed.append((number, tag.counter > 0, tag))
    return [tag for _, _, tag in sorted(placed, key=lambda entry: (entry[0], not entry[1], entry[2].created))]


def _version_at(tag: Tag, versions: dict[str, Registered]) -> str:
    """Return the version that a stage's tag means: that of its commit, the one it names where there are two."""
    here = [version for version, known in versions.items() if known.tag.commit == tag.commit]
    named = [version for version in _mentioned(tag) if version in here]
    if not here:
        return tag.commit
    return named[0] if named else max(here, key=version_key)


def _mentioned(tag: Tag) -> list[str]:
    """Return the versions that a message speaks of, as cellarena writes it."""
    return re.findall(r"@(v[0-9.]+[0-9])", tag.message)


def _take_out(standing: Standing, version: str, why: str) -> None:
    if standing.current == version:
        standing.withdrawn[version] = why
        standing.emptied = (version, why)
    standing.holding = [held for held in standing.holding if held != version]
