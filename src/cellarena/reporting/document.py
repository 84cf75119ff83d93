"""What a report is made of, whatever it is rendered to: sections of text, tables and figures."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
        table: headings and rows in their order; a table without rows is rendered as a sentence.
        at_most: rows that formats show which cannot be searched and sorted, failed ones first; None shows all.
        source: the protocol and the runs that the numbers are of; it stands under the table.
    """

    title: str
    table: Table
    at_most: int | None = None
    source: str = ""


@dataclass(frozen=True)
class Illustration:
    """A figure of the report.

    Attributes:
        title: what the figure shows.
        path: relative to the report's folder, such as `../plots/dataset/overall.png`.
        caption: stands under the figure.
        source: the protocol and the runs that the figure is of; it stands under the caption.
    """

    title: str
    path: str
    caption: str
    source: str = ""

    def __post_init__(self) -> None:
        if PurePosixPath(self.path).is_absolute() or ":" in self.path or "\\" in self.path:
            raise ValueError(f"figure {self.path!r}: give a path relative to the report's folder")


Leaf = Text | Notes | Warnings | ShownTable | Illustration


@dataclass(frozen=True)
class Folded:
    """Details under a title that a reader opens; a format that cannot fold shows them where they stand."""

    title: str
    blocks: Sequence[Leaf]


Block = Leaf | Folded


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

    @property
    def shown(self) -> list[Section]:
        """What there is to be read: the sections that hold something, without notes and warnings of no lines."""
        sections = [replace(s, blocks=[block for block in s.blocks if not _is_empty(block)]) for s in self.sections]
        return [section for section in sections if section.blocks]


def _is_empty(block: Block) -> bool:
    if isinstance(block, Folded):
        return all(map(_is_empty, block.blocks))
    return isinstance(block, Notes | Warnings) and not block.lines


def unfolded(blocks: Sequence[Block]) -> list[Leaf]:
    """Return what a format shows that cannot fold."""
    return [leaf for block in blocks for leaf in (block.blocks if isinstance(block, Folded) else [block])]


def heading_of(block: ShownTable | Illustration, section: Section) -> str:
    """Return the heading above a table or figure; empty where the section's own says the same."""
    return "" if block.title == section.title else block.title


def count_of(shown: ShownTable) -> str:
    """Return a sentence on how many rows a table that may be cut has; empty for one that is always shown whole."""
    if shown.at_most is None or not shown.table.rows:
        return ""
    return f"{len(shown.table.rows)} rows, {sum(row.failed for row in shown.table.rows)} failed."


def excerpt(shown: ShownTable) -> tuple[Table, str]:
    """Return what a page without search shows of a table, and a sentence on what it leaves out.

    Rows that failed come first, so that none of them is among those left out while there is room.
    """
    table = shown.table
    if shown.at_most is None:
        return table, ""
    failed = [row for row in table.rows if row.failed]
    rows = (failed + [row for row in table.rows if not row.failed])[: shown.at_most]
    hidden = len(table.rows) - len(rows)
    return replace(table, rows=tuple(rows)), count_of(shown) + (
        f" {hidden} of them are not shown here." if hidden else ""
    )
