"""What a command can reach: the closure of its imports, where a catalog counts by the entries that are asked of it."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules

from cellarena.catalog import module_of
from cellarena.code.modules import CatalogCall, Module, parse
from cellarena.extensions import Extension, extensions

Chosen = Mapping[str, Iterable[str]]
"""By the kind of a catalog, the names that are asked for; of a kind that is absent it may be any."""
_CODE = {".py", ".pyc", ".pyi", ".so", ".pyd"}


@dataclass(frozen=True)
class Reached:
    """Dotted names of modules, and what distributions add."""

    modules: frozenset[str]
    extensions: frozenset[Extension]


@dataclass(frozen=True)
class Code:
    """The source of packages, each module read once.

    Attributes:
        packages: their names; what is imported from others is not followed.
    """

    packages: frozenset[str]
    _specs: dict[str, ModuleSpec | None] = field(default_factory=dict)
    _modules: dict[str, Module] = field(default_factory=dict)
    _asked: dict[str, list[tuple[CatalogCall, bool]]] = field(default_factory=dict)

    def reached(self, roots: Iterable[str], chosen: Chosen) -> Reached:
        """Return what modules can reach, themselves included, where entries of catalogs are chosen.

        Raises:
            ValueError: if a module is no Python.
        """
        found: set[str] = set()
        added: set[Extension] = set()
        waiting = list(roots)
        while waiting:
            name = waiting.pop()
            if name in found or self._spec(name) is None:
                continue
            found.add(name)
            waiting += [*self._module(name).imports, name.rpartition(".")[0]]
            if name not in self._asked:
                self._asked[name] = list(self._catalogs_asked(name))
            for catalog, whole in self._asked[name]:
                for module, extension in self._homes(catalog, None if whole else chosen.get(catalog.kind)):
                    waiting.append(module)
                    added |= {extension} if extension else set()
        return Reached(frozenset(found), frozenset(added))

    def fingerprint(self, reached: Reached) -> str:
        """Return 16 hex digits that change with every statement that is reached and every file that it names."""
        named = frozenset().union(*(self._module(name).files for name in reached.modules))
        lines = [f"{name} {self._module(name).digest}" for name in reached.modules]
        lines += map(str, reached.extensions)
        # Files come in folders of their own, and one of them names the others.
        folders = {path.parent for path in self._files if path.name in named}
        lines += [f"{path.name} {digest}" for path, digest in self._files.items() if path.parent in folders]
        return _digest("\n".join(sorted(lines)).encode())[:16]

    @cached_property
    def _files(self) -> dict[Path, str]:
        """The sha256 of the files of the packages that are no code."""
        specs = filter(None, map(self._spec, self.packages))
        folders = [Path(folder) for spec in specs for folder in spec.submodule_search_locations or ()]
        files = [path for folder in folders for path in folder.rglob("*.*") if path.suffix not in _CODE]
        return {path: _digest(path.read_bytes()) for path in files if path.is_file()}

    def _module(self, name: str) -> Module:
        if name not in self._modules:
            spec = self._spec(name)
            source = Path(spec.origin) if spec and spec.origin else None
            is_python = source is not None and source.suffix == ".py"
            package = name if spec and spec.submodule_search_locations else name.rpartition(".")[0]
            content = source.read_bytes() if source else b""
            found = parse(content if is_python else b"", name, package)
            self._modules[name] = found if is_python else replace(found, digest=_digest(content))
        return self._modules[name]

    def _spec(self, name: str) -> ModuleSpec | None:
        """Return where a module of the packages lies, None if there is none of that name; nothing is imported."""
        if name not in self._specs:
            parent, _, last = name.rpartition(".")
            if not parent:
                self._specs[name] = find_spec(last) if last in self.packages else None
            else:
                found = self._spec(parent)
                path = found and found.submodule_search_locations
                self._specs[name] = PathFinder.find_spec(name, path) if path else None
        return self._specs[name]

    def _catalogs_asked(self, name: str) -> Iterator[tuple[CatalogCall, bool]]:
        """Yield the catalogs that a module asks, and whether for more than single entries."""
        module = self._module(name)
        known = dict(module.catalogs)
        for here, (other, there) in module.taken.items():
            if catalog := self._catalog(other, there):
                known[here] = catalog
        for other in module.imports:
            if self._spec(other):
                known |= {n: catalog for n, catalog in self._module(other).catalogs.items() if n in module.used}
        yield from ((call, here in module.used) for here, call in known.items() if here in module.used | module.asked)

    def _catalog(self, module: str, name: str) -> CatalogCall | None:
        """Return the catalog that a module makes, or passes on, under a name."""
        if not self._spec(module):
            return None
        found = self._module(module)
        if found.taken.get(name, (module, name)) != (module, name):
            return self._catalog(*found.taken[name])
        return found.catalogs.get(name)

    def _homes(self, catalog: CatalogCall, names: Iterable[str] | None) -> Iterator[tuple[str, Extension | None]]:
        """Yield the modules that a catalog imports for entries, None for all, and who adds those from outside."""
        folder, _, rest = catalog.package.partition(".{}")
        spec, added = self._spec(folder), extensions(catalog.kind)
        inside = iter_modules(spec.submodule_search_locations) if spec else ()
        everywhere = [module_of(catalog.package, module.name) for module in inside if module.ispkg or not rest]
        own = {name: module_of(catalog.package, name) for name in names or ()}
        if names is None or any(own[name] not in everywhere and name not in added for name in own):
            yield from ((module, None) for module in everywhere)
        if names is None:
            yield from ((extension.module, extension) for extension in added.values())
        yield from ((module, None) for module in own.values())
        yield from ((added[name].module, added[name]) for name in own if name in added)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
