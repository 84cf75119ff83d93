"""A catalog: names to implementations that register themselves."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from functools import cache
from typing import Generic, TypeVar

T = TypeVar("T")


class Catalog(Generic[T]):
    """Implementations of one kind, found by name.

    Args:
        kind: what the entries are, in the singular, for error messages ("source", "model").
        package: dotted name of the package whose modules register entries; imported at the first look-up. In
            `a.{}.b` the module b of every package in a does.
    """

    def __init__(self, kind: str, package: str) -> None:
        self.kind = kind
        self.package = package
        self._entries: dict[str, T] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """Return a decorator that enters an implementation under `name`.

        Raises:
            ValueError: if the name is taken by another implementation.
        """

        def enter(entry: T) -> T:
            if name in self._entries:
                raise ValueError(f"{self.kind} {name!r} is registered twice")
            self._entries[name] = entry
            return entry

        return enter

    def __getitem__(self, name: str) -> T:
        """Return the entry of that name.

        Raises:
            ValueError: if there is none; the message lists those there are.
        """
        load_all(self.package)
        if name not in self._entries:
            raise ValueError(f"unknown {self.kind} {name!r}; known: {', '.join(sorted(self._entries))}")
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        load_all(self.package)
        return iter(sorted(self._entries))

    def __contains__(self, name: object) -> bool:
        return name in list(self)


@cache
def load_all(package: str) -> None:
    """Import every module of a package, or one of each of its packages, so that entries register themselves."""
    folder, _, rest = package.partition(".{}")
    path = importlib.import_module(folder).__path__
    for module in sorted(info.name for info in pkgutil.iter_modules(path) if info.ispkg or not rest):
        importlib.import_module(f"{folder}.{module}{rest}")
