"""The libraries that requirements.lock names, compared with those that a result was made with, or would be."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging.requirements import Requirement

NAME = "requirements.lock"


@dataclass(frozen=True)
class OtherLibrary:
    """A library's name, its version, and what requirements.lock asks for instead, such as ==2.13.0."""

    name: str
    found: str
    locked: str

    def __str__(self) -> str:
        return f"{self.name} {self.found} ({NAME}: {self.locked.removeprefix('==')})"


def installed_otherwise(lock: str) -> list[OtherLibrary]:
    """Return the installed libraries of other versions than the text of a requirements.lock asks for, by name.

    One that is not installed cannot have made anything; build tags such as +cpu are no difference.
    """
    installed = {}
    for requirement in _requirements(lock):
        try:
            installed[requirement.name] = version(requirement.name)
        except PackageNotFoundError:
            continue
    return used_otherwise(installed, lock)


def used_otherwise(libraries: Mapping[str, str], lock: str) -> list[OtherLibrary]:
    """Return which of these libraries are of other versions than a lock asks for, as far as it names them, by name."""
    asked = {requirement.name.lower(): str(requirement.specifier) for requirement in _requirements(lock)}
    known = [(name, found, asked[name.lower()]) for name, found in sorted(libraries.items()) if name.lower() in asked]
    return [OtherLibrary(*library) for library in known if not _satisfies(*library[1:])]


def _satisfies(found: str, locked: str) -> bool:
    from packaging.specifiers import SpecifierSet
    from packaging.version import InvalidVersion

    try:
        return SpecifierSet(locked).contains(found, prereleases=True)
    except InvalidVersion:
        return False


def _requirements(lock: str) -> Iterator["Requirement"]:
    """Yield what the lines of a lock ask for of this platform; options of pip and addresses are no versions."""
    from packaging.requirements import InvalidRequirement, Requirement

    for line in lock.splitlines():
        try:
            requirement = Requirement(line.partition(" #")[0].rstrip(" \\"))
        except InvalidRequirement:
            continue
        if requirement.marker is None or requirement.marker.evaluate():
            yield requirement
