"""Tables of a report as text: how numbers, undefined values and names from outside are shown."""

import math
import unicodedata
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd

FLOOR = "otsu"
"""The classical method of the table (Otsu threshold and distance watershed): it is not learned."""

UNDEFINED = "\N{EN DASH}"

_HEADINGS = {"f1": "F1", "f1_median": "F1 median", "f1_with_border": "F1 with border", "dice": "Dice"}


@dataclass(frozen=True)
class TableCell:
    """One cell: `text` as shown, `number` to sort by (None for text and undefined values), `is_numeric` aligns it."""

    text: str
    number: float | None
    is_numeric: bool


@dataclass(frozen=True)
class Row:
    """One row; `failed` marks one with something that did not work."""

    cells: tuple[TableCell, ...]
    failed: bool = False


@dataclass(frozen=True)
class Table:
    """Headings and rows in the order in which they are shown; `numeric` tells the columns that hold numbers."""

    headings: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[Row, ...]


def plain(text: object) -> str:
    """Return text from outside on one line: control, invisible and undecodable characters become visible.

    A file name can hold line breaks, marks that reverse the direction of writing, and bytes that are no text.
    """
    return "".join(_visible(character) for character in str(text))


def _visible(character: str) -> str:
    if character.isspace():
        return " "
    return "\N{REPLACEMENT CHARACTER}" if unicodedata.category(character).startswith("C") else character


def other_table(table: pd.DataFrame) -> Table:
    """Return any table as it is."""
    return table_with_failures(table, [False] * len(table))


def table_with_failures(frame: pd.DataFrame, failed: Sequence[bool]) -> Table:
    """Return a table some of whose rows hold something that did not work.

    Raises:
        ValueError: if `failed` does not have one entry a row.
    """
    # A column without a single defined value is one of numbers too.
    numeric = tuple(pd.api.types.is_numeric_dtype(frame[c]) or bool(frame[c].isna().all()) for c in frame.columns)
    headings = tuple(_HEADINGS.get(str(name), plain(name)) for name in frame.columns)
    rows = zip(frame.itertuples(index=False, name=None), failed, strict=True)
    return Table(headings, numeric, tuple(Row(tuple(map(cell_of, values)), bad) for values, bad in rows))


def cell_of(value: object) -> TableCell:
    """Return one value as it is shown: fractions with three digits, whole numbers whole, undefined ones as a dash."""
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return TableCell(UNDEFINED, None, True)
    if isinstance(value, Integral) and not isinstance(value, bool):
        return TableCell(str(int(value)), float(value), True)
    if isinstance(value, float | np.floating):
        return TableCell(f"{float(value):.3f}", float(value), True)
    return TableCell(plain(value), None, False)


def floor_marked(models: Iterable[str]) -> list[str]:
    """Return the models' names, the classical floor marked as one that is not learned."""
    return [f"{name} (not learned)" if name == FLOOR else name for name in models]


def row_name(row: Mapping[Hashable, Any]) -> str:
    """Return how a sentence names a row of model and arm."""
    return f"{plain(row['model'])} on arm {plain(row['arm'])}"


def range_of(counts: "pd.Series[Any]") -> str:
    """Return the smallest and the largest of whole numbers in words."""
    if counts.empty or counts.isna().all():
        return "none"
    low, high = int(counts.min()), int(counts.max())
    return str(low) if low == high else f"{low} to {high}"
