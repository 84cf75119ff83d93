"""What a report is made of, whatever it is rendered to: sections of text, tables and figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from cellarena.reporting.tables import Table


@dataclass(frozen=True)
class Text:
    """A paragraph; from outside it may hold anything, the renderers escape it."""

    text: str


@dataclass(frozen=True)
class Notes:
    """Sentences that explain, one a bullet."""

    lines: Sequence[str]


@dataclass(frozen=True)
class Warnings:
    """Sentences that the reader must not overlook, one a bullet."""

    lines: Sequence[str]


@dataclass(frozen=True)
class ShownTable:
    """A table under a title of its own.

    Attributes:
        title: what the table shows; it names the table to those who cannot see it.
        table: headings and rows in their order.
        at_most: rows that formats show which cannot be searched and sorted, failed ones first; None shows all.
    """

    title: str
    table: Table
    at_most: int | None = None


@dataclass(frozen=True)
class Illustration:
    """A figure of the report: `path` is relative to the report's folder, such as `../plots/dataset/overall.png`."""

    title: str
    path: str
    caption: str

    def __post_init__(self) -> None:
        if PurePosixPath(self.path).is_absolute() or ":" in self.path or "\\" in self.path:
            raise ValueError(f"figure {self.path!r}: give a path relative to the report's folder")


Block = Text | Notes | Warnings | ShownTable | Illustration


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it; a section without blocks is left out."""

    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Document:
    """A whole report: its title, the facts it rests on as names and values, and its sections in order."""

    title: str
    facts: Sequence[tuple[str, str]]
    sections: Sequence[Section]
