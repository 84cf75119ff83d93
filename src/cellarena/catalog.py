"""A catalog: names to implementations that register themselves, here or in a distribution that extends this one."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Generic, NamedTuple, TypeVar

from cellarena.extensions import Extension, extensions

T = TypeVar("T")
_REGISTERED: dict[str, set[str]] = {}
"""By kind, names in any catalog of that kind."""


class Entry(NamedTuple):
    """A name of a catalog. The implementation may have an attribute `needs`: a list of entries that it works with."""

    catalog: "Catalog[Any]"
    name: str

    def closure(self) -> "set[Entry]":
        """Return the entry and whatever it needs."""
        return {self}.union(*(needed.closure() for needed in getattr(self.catalog[self.name], "needs", ())))

    def extensions(self) -> list[Extension]:
        """Return what distributions add of the entry and whatever it needs."""
        found = (extensions(catalog.kind).get(name) for catalog, name in self.closure())
        return [extension for extension in found if extension]


class Catalog(Generic[T]):
    """Implementations of one kind, found by name.

    A look-up imports the module that bears the entry's name; one of a name that none bears, all modules of the package;
    one of all entries, those of distributions too. `cellarena.code` relies on that, and on `kind` and `package` being
    literals.

    Args:
        kind: what the entries are, in the singular, for error messages ("source", "model").
        package: dotted name of the package whose modules register entries; in `a.{}.b` the module b of every package
            in a does.
    """

    def __init__(self, kind: str, package: str) -> None:
        self.kind = kind
        self.package = package
        self._entries: dict[str, T] = {}
        self._sought: set[object] = set()
        self._whole = False

    def register(self, name: str) -> Callable[[T], T]:
        """Return a decorator that enters an implementation under `name`.

        Raises:
            ValueError: if the name is taken by another implementation.
        """

        def enter(entry: T) -> T:
            if name in self._entries:
                by = f", once by {outside}" if (outside := extensions(self.kind).get(name)) else ""
                raise ValueError(f"{self.kind} {name!r} is registered twice{by}")
            self._entries[name] = entry
            _REGISTERED.setdefault(self.kind, set()).add(name)
            return entry

        return enter

    def entry(self, name: str) -> Entry:
        """Return the entry of that name without looking it up."""
        return Entry(self, name)

    def bears(self, name: str) -> bool:
        """Return whether a module or a distribution that extends this one bears a name; nothing is imported."""
        return name in extensions(self.kind) or module_of(self.package, name) in modules_of(self.package)

    def __getitem__(self, name: str) -> T:
        """Return the entry of that name.

        Raises:
            ValueError: if there is none; the message lists those there are.
        """
        if name not in self:
            raise ValueError(f"unknown {self.kind} {name!r}; known: {', '.join(self)}")
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        self._load_all()
        return iter(sorted(self._entries))

    def __contains__(self, name: object) -> bool:
        if name not in self._sought:
            self._seek(str(name))
            self._sought.add(name)
        return name in self._entries

    def _seek(self, name: str) -> None:
        if (own := module_of(self.package, name)) in modules_of(self.package):
            importlib.import_module(own)
        if name in extensions(self.kind):
            self._load_outside(name)
        if name not in self._entries:
            self._load_own()

    def _load_own(self) -> None:
        for module in modules_of(self.package):
            importlib.import_module(module)

    def _load_all(self) -> None:
        if self._whole:
            return
        self._load_own()
        for name in extensions(self.kind):
            self._load_outside(name)
        self._whole = True

    def _load_outside(self, name: str) -> None:
        outside = extensions(self.kind)[name]
        if module_of(self.package, name) in modules_of(self.package):
            raise ValueError(f"{outside}: the {self.kind} {name!r} that it adds is one of this project; uninstall it")
        outside.load()
        if name not in _REGISTERED.get(self.kind, ()):
            raise ValueError(f"{outside}: importing {outside.module} registers no {self.kind} {name!r}; uninstall it")


def module_of(package: str, name: str) -> str:
    """Return the dotted name that the module of an entry bears, if it has one of its own."""
    folder, _, rest = package.partition(".{}")
    return f"{folder}.{name.replace('-', '_')}{rest}"


@cache
def modules_of(package: str) -> list[str]:
    """Return the modules that register entries, sorted; only the package itself is imported."""
    folder, _, rest = package.partition(".{}")
    found = pkgutil.iter_modules(importlib.import_module(folder).__path__)
    return sorted(module_of(package, module.name) for module in found if module.ispkg or not rest)
