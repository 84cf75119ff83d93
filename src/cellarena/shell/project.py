"""What a command works on."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from cellarena.layout import Layout
from cellarena.params.grid import Grid
from cellarena.params.reading import checked, read_content

T = TypeVar("T")


@dataclass(frozen=True)
class Project:
    """What a command works on: where things are, and the parameters that it asks for.

    A stage reads only the sections that it needs, so that it imports, and depends on, no other part of the program.
    The stage `grid` checks them all.
    """

    layout: Layout

    @cached_property
    def _content(self) -> dict[str, Any]:
        return read_content(self.layout.params)

    @cached_property
    def grid(self) -> Grid:
        """Which runs there are."""
        return self.read(Grid)

    def read(self, kind: type[T], *where: str) -> T:
        """Return a block of params.yaml, or one value, as its type; `where` are the keys that lead to it.

        Raises:
            FileNotFoundError: if there is no params.yaml.
            ValueError: one line for each wrong value.
        """
        return checked(kind, self._content, where)
