"""A module as its source says it: what it imports, which catalogs it makes and asks, what it is but for its layout."""

import ast
import gc
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import resolve_name
from typing import NamedTuple

_LAYOUT = {"ctx", "kind", "type_comment"}
"""Fields of a node that say nothing that other fields do not."""


class CatalogCall(NamedTuple):
    """A catalog where it is made."""

    kind: str
    package: str


@dataclass(frozen=True)
class Module:
    """What a module's source says, without comments, docstrings, layout and what only type checkers read.

    Attributes:
        digest: sha256 of its syntax.
        imports: dotted names that it imports, anywhere in it; some are no modules but names in one.
        taken: by the name that it has here, the module and the name of what `from ... import ...` takes.
        catalogs: by their names, those that it makes.
        asked: names of which an entry is asked for, such as `MODELS` in `MODELS[name]`.
        used: names that are used otherwise than for an entry or an attribute, and all attributes.
        files: the last parts of its strings that may be paths.
    """

    digest: str
    imports: frozenset[str]
    taken: Mapping[str, tuple[str, str]]
    catalogs: Mapping[str, CatalogCall]
    asked: frozenset[str]
    used: frozenset[str]
    files: frozenset[str]


def parse(source: bytes, name: str, package: str) -> Module:
    """Return what a module's source says.

    Args:
        source: its content.
        name: its dotted name, for error messages.
        package: what its relative imports start from.

    Raises:
        ValueError: if it is no Python.
    """
    # Syntax trees hold no circles, and to look for some takes most of the time.
    collects = gc.isenabled()
    gc.disable()
    try:
        return _described(ast.parse(source), package)
    except (SyntaxError, ValueError) as error:
        raise ValueError(f"{name}: no Python that could be read ({error})") from error
    finally:
        if collects:
            gc.enable()


def _described(tree: ast.Module, package: str) -> Module:
    for node in ast.walk(tree):
        for field in ("body", "orelse", "finalbody"):
            if isinstance(statements := getattr(node, field, None), list):
                setattr(node, field, list(_running(statements)))
    nodes = list(ast.walk(tree))
    taken = list(_taken(nodes, package))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    asked = {n.value for n in nodes if isinstance(n, ast.Subscript) and isinstance(n.value, ast.Name)}
    owners = {n.value for n in nodes if isinstance(n, ast.Attribute)}
    names = {n for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)} - asked - owners
    strings = {n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    return Module(
        digest=hashlib.sha256(_text(tree).encode()).hexdigest(),
        imports=frozenset(plain | {m for _, m, _ in taken} | {f"{m}.{n}" for _, m, n in taken}),
        taken={here: (module, there) for here, module, there in taken},
        catalogs=dict(_catalogs(tree.body)),
        asked=frozenset(n.id for n in asked),
        used=frozenset({n.id for n in names} | {n.attr for n in nodes if isinstance(n, ast.Attribute)}),
        files=frozenset(text.rpartition("/")[2] for text in strings if "." in text and " " not in text),
    )


def _running(statements: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements that do something: no docstrings, nothing for type checkers only."""
    for statement in statements:
        match statement:
            case ast.Expr(ast.Constant(str())):
                continue
            case ast.If(ast.Name("TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING")):
                yield from _running(statement.orelse)
            case _:
                yield statement


def _taken(nodes: Iterable[ast.AST], package: str) -> Iterator[tuple[str, str, str]]:
    """Yield the name here, the module and the name there of whatever is imported from a module."""
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            module = resolve_name("." * node.level + (node.module or ""), package)
            yield from ((alias.asname or alias.name, module, alias.name) for alias in node.names)


def _catalogs(statements: Iterable[ast.stmt]) -> Iterator[tuple[str, CatalogCall]]:
    """Yield the names and the arguments of the catalogs that a module makes."""
    for statement in statements:
        match statement:
            case ast.Assign([ast.Name(name)], made) | ast.AnnAssign(ast.Name(name), value=made):
                match made:
                    case ast.Call(ast.Name("Catalog"), [ast.Constant(str(kind)), ast.Constant(str(package))]):
                        yield name, CatalogCall(kind, package)


def _text(node: object) -> str:
    """Return a syntax tree as text that is the same in every version of Python: what is empty or None is left out."""
    if isinstance(node, list):
        return "[" + ",".join(map(_text, node)) + "]"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = ((field, getattr(node, field, None)) for field in node._fields if field not in _LAYOUT)
    given = [f"{field}={_text(value)}" for field, value in fields if value is not None and value != []]
    return f"{type(node).__name__}({','.join(given)})"
