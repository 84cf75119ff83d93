"""Entries from outside: a distribution adds to the catalog of KINDs by entry points of the group cellarena.KINDs.

The name of an entry point is that of the entry; its value is a module, or an object in one, whose import registers it.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points, version

_GROUPS = "cellarena."


class Extension:
    """An entry that a distribution adds; its text is the distribution and its version."""

    def __init__(self, point: EntryPoint) -> None:
        self.module = point.module
        self.distribution, self.version = (point.dist.name, point.dist.version) if point.dist else ("unknown", "0")
        self._point = point

    def load(self) -> None:
        """Import what registers the entry.

        Raises:
            ValueError: if that fails, for whatever reason.
        """
        try:
            self._point.load()
        except Exception as error:
            point, fault = self._point, " ".join(str(error).split()) or type(error).__name__
            raise ValueError(
                f"{self}: its entry point {point.name} of {point.group} ({point.value}) fails: {fault}; repair or "
                "uninstall it"
            ) from error

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}"


@cache
def extensions(kind: str) -> Mapping[str, Extension]:
    """Return what is added to the catalogs of a kind ("model"), by name.

    Raises:
        ValueError: if two distributions add one name.
    """
    found: dict[str, Extension] = {}
    for point in entry_points(group=f"{_GROUPS}{kind}s"):
        new = Extension(point)
        if other := found.get(point.name):
            raise ValueError(f"{other} and {new} both add the {kind} {point.name!r}; uninstall one of them")
        found[point.name] = new
    return found


def all_extensions() -> list[Extension]:
    """Return whatever is added to any catalog."""
    kinds = [g.removeprefix(_GROUPS).removesuffix("s") for g in entry_points().groups if g.startswith(_GROUPS)]
    return [extension for kind in sorted(kinds) for extension in extensions(kind).values()]


def versions(libraries: Iterable[str], added: Iterable[Extension]) -> dict[str, str]:
    """Return the versions of installed libraries, and of the distributions that add something, by name."""
    return {name: version(name) for name in libraries} | {one.distribution: one.version for one in added}
