"""A report as plain text of at most 100 columns, for a terminal, a mail or a diff."""

import io
from collections.abc import Iterator, Sequence
from typing import Literal, assert_never

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text as RichText

from cellarena.reporting.document import (
    Document,
    Illustration,
    Leaf,
    Notes,
    Section,
    ShownTable,
    Text,
    Warnings,
    excerpt,
    heading_of,
    unfolded,
)
from cellarena.reporting.tables import Row, Table, plain

WIDTH = 100
_GAP = 2
_SHORT, _LONGEST = 18, 24
"""A cell up to the one length stays on one line; a word beyond the other is broken rather than the table."""

_Column = tuple[list[str], bool, int]
"""Heading and cells, whether they are numbers, and the least width."""


def render_text(document: Document) -> str:
    """Return the report as plain text: tables aligned, lines wrapped, figures named by their relative paths."""
    parts = [_underlined(document.title, "="), *_facts(document.facts)]
    for section in document.shown:
        parts.append(_underlined(section.title, "-"))
        for block in unfolded(section.blocks):
            parts += _block(block, section)
    return "\n\n".join(part for part in parts if part) + "\n"


def _facts(facts: Sequence[tuple[str, str]]) -> list[str]:
    return ["\n".join(_wrapped(f"{name}: {value}", "", "  ") for name, value in facts)]


def _block(block: Leaf, section: Section) -> list[str]:
    match block:
        case Text(text):
            return [_wrapped(text)]
        case Notes(lines):
            return ["\n".join(_wrapped(line, "- ", "  ") for line in lines)]
        case Warnings(lines):
            return ["\n".join(_wrapped(line, "! ", "  ") for line in lines)]
        case ShownTable():
            shown, count = excerpt(block)
            return [_wrapped(heading_of(block, section)), count, *_tables(shown), _source(block.source)]
        case Illustration(_, path, caption, source):
            lines = [heading_of(block, section), f"figure: {path}", caption, f"Source: {source}" if source else ""]
            return ["\n".join(_wrapped(line, "  " * (k > 0), "  ") for k, line in enumerate(lines) if line)]
    assert_never(block)


def _underlined(title: str, mark: str) -> str:
    lines = _wrapped(title)
    return f"{lines}\n{mark * max(map(cell_len, lines.splitlines()), default=0)}"


def _wrapped(text: str, first: str = "", rest: str = "") -> str:
    # Not by textwrap: it takes a wide character for one column.
    lines = RichText(plain(text)).wrap(_console(io.StringIO()), WIDTH - cell_len(rest), overflow="fold")
    return "\n".join((rest if k else first) + line.plain.rstrip() for k, line in enumerate(lines))


def _source(source: str) -> str:
    return _wrapped(f"Source: {source}") if source else ""


def _tables(table: Table) -> Iterator[str]:
    """Yield the table, or parts of it that repeat its first columns where it has too many for a line."""
    if not table.rows:
        yield "(no rows)"
        return
    texts = [[heading, *(row.cells[k].text for row in table.rows)] for k, heading in enumerate(table.headings)]
    if any(row.failed for row in table.rows):
        texts[0] = [texts[0][0], *(_marked(row) for row in table.rows)]
    least = [_least(heading, cells) for heading, *cells in texts]
    for part in _parts(least, _n_keys(table)):
        yield _drawn([(texts[k], table.numeric[k], least[k]) for k in part])


def _least(heading: str, cells: Sequence[str]) -> int:
    """Return the width below which a column does not read well: short cells stay whole, other text breaks at spaces."""
    whole = [cell_len(text) for text in cells if cell_len(text) <= _SHORT]
    words = [cell_len(word) for text in [heading, *cells] for word in text.split()]
    return min(max([1, *whole, *words]), _LONGEST)


def _marked(row: Row) -> str:
    return f"FAILED {row.cells[0].text}" if row.failed else row.cells[0].text


def _n_keys(table: Table) -> int:
    """Return how many columns name the row: those of text at its start, two at most."""
    return 2 if len(table.numeric) > 2 and not any(table.numeric[:2]) else 1


def _parts(least: Sequence[int], n_keys: int) -> list[list[int]]:
    """Return the columns of each part, so that each part fits on a line and starts with the keys."""
    keys = list(range(n_keys))
    parts = [list(keys)]
    for column in range(n_keys, len(least)):
        if len(parts[-1]) > n_keys and _line([least[k] for k in [*parts[-1], column]]) > WIDTH:
            parts.append(list(keys))
        parts[-1].append(column)
    return parts


def _line(widths: Sequence[int]) -> int:
    return sum(widths) + _GAP * (len(widths) - 1)


def _widths(columns: Sequence[_Column]) -> list[int]:
    """Return how wide each column is drawn: as its longest text, the widest cut first where a line is too short."""
    widths = [max(map(cell_len, texts)) for texts, _, _ in columns]
    while _line(widths) > WIDTH:
        spare = [width - least for width, (_, _, least) in zip(widths, columns, strict=True)]
        widest = max(range(len(widths)), key=lambda k: (spare[k], widths[k]))
        widths[widest] -= 1
    return widths


def _drawn(columns: Sequence[_Column]) -> str:
    drawn = RichTable(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, _GAP - 1, 0, 0))
    for (texts, numeric, _), width in zip(columns, _widths(columns), strict=True):
        side: Literal["left", "right"] = "right" if numeric else "left"
        drawn.add_column(RichText(texts[0]), justify=side, overflow="fold", vertical="bottom", width=width)
    for cells in zip(*(texts[1:] for texts, _, _ in columns), strict=True):
        drawn.add_row(*map(RichText, cells))
    printed = io.StringIO()
    _console(printed).print(drawn)
    return "\n".join(line.rstrip() for line in printed.getvalue().splitlines() if line.strip())


def _console(file: io.StringIO) -> Console:
    """Return a console that depends on nothing of the terminal that the report is made in."""
    return Console(
        file=file, width=WIDTH, color_system=None, force_terminal=False, force_jupyter=False, legacy_windows=False,
        _environ={},
    )  # fmt: skip
