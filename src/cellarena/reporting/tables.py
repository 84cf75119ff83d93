"""Tables of a report as text: how numbers, undefined values and names from outside are shown."""

import math
import unicodedata
from collections.abc import Hashable
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd

from cellarena.reporting.report import FLOOR

UNDEFINED = "\N{EN DASH}"

_SHOWN = (
    "model", "arm", "seeds", "images", "f1", "seed_range", "f1_median", "f1_with_border",
    "precision", "recall", "dice", "failed",
)  # fmt: skip
_HEADINGS = {
    "f1": "F1",
    "f1_median": "F1 median",
    "f1_with_border": "F1 with border",
    "seed_range": "F1 seed range",
    "dice": "Dice",
    "parameters": "parameters (M)",
    "multiply_adds": "multiply-adds (G per MP)",
    "training": "training (s)",
    "prediction": "prediction (s per MP)",
    "memory": "peak memory (MB)",
    "tolerance": "time tolerance",
    "slowest": "slowest image (share of tolerance)",
}


@dataclass(frozen=True)
class Cell:
    """One cell: `text` as shown, `number` to sort by (None for text and undefined values), `is_numeric` aligns it."""

    text: str
    number: float | None
    is_numeric: bool


@dataclass(frozen=True)
class Row:
    """One row; `failed` marks one with something that did not work."""

    cells: tuple[Cell, ...]
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


def leaderboard_table(leaderboard: pd.DataFrame) -> Table:
    """Return the leaderboard as it is shown: best F1 first, the seeds' range in one column, the floor marked."""
    order = ["f1", "model", "arm"]
    board = leaderboard.sort_values(order, ascending=[False, True, True], na_position="last")
    board = board.assign(
        seed_range=[_seed_range(row) for row in board.to_dict("records")], model=_floor_marked(board["model"])
    )
    return _table(board[list(_SHOWN)], [not pd.isna(n) and n > 0 for n in board["failed"]])


def cost_table(costs: pd.DataFrame) -> Table:
    """Return the costs as they are shown: units of a handy size, the verdict on the tolerated time with its count."""
    shown = {
        "model": _floor_marked(costs["model"]),
        "arm": costs["arm"],
        "parameters": costs["n_parameters"].astype(float) / 1e6,
        "multiply_adds": costs["multiply_adds_per_megapixel"] / 1e9,
        "training": costs["training_seconds"].round().astype("Int64"),
        "prediction": costs["seconds_per_megapixel"],
        "memory": costs["peak_memory_mb"].round().astype("Int64"),
        "tolerance": [_verdict(row) for row in costs.to_dict("records")],
        "slowest": costs["slowest_share_of_tolerance"],
    }
    return other_table(pd.DataFrame(shown))


def variant_table(costs: pd.DataFrame) -> Table:
    """Return which variant of its model each row is, and what it was measured on."""
    shown = {
        "model": _floor_marked(costs["model"]),
        "arm": costs["arm"],
        "variant": [variant or UNDEFINED for variant in costs["variant"]],
        "measured on": [device or UNDEFINED for device in costs["device"]],
    }
    return other_table(pd.DataFrame(shown))


def image_table(images: pd.DataFrame) -> Table:
    """Return the per-image table, images that failed marked."""
    failure = images["failure"].fillna("").astype(str)
    return _table(images.assign(failure=failure), [bool(reason) for reason in failure])


def other_table(table: pd.DataFrame) -> Table:
    """Return any table as it is."""
    return _table(table, [False] * len(table))


def _floor_marked(models: "pd.Series[str]") -> list[str]:
    return [f"{name} (not learned)" if name == FLOOR else name for name in models]


def _verdict(row: dict[Hashable, Any]) -> str:
    verdict = str(row["time_tolerance"])
    return f"{verdict} ({row['n_over_tolerance']:.0f} of {row['n_timed']:.0f})" if verdict == "misses" else verdict


def _seed_range(row: dict[Hashable, Any]) -> str:
    if row["model"] == FLOOR:
        return UNDEFINED
    if row["seeds"] == 1:
        return "1 seed: no spread"
    low, high = _cell(row["f1_min"]), _cell(row["f1_max"])
    return UNDEFINED if low.number is None else f"{low.text} to {high.text}"


def _table(frame: pd.DataFrame, failed: list[bool]) -> Table:
    # A column without a single defined value is one of numbers too.
    numeric = tuple(pd.api.types.is_numeric_dtype(frame[c]) or bool(frame[c].isna().all()) for c in frame.columns)
    headings = tuple(_HEADINGS.get(str(name), plain(name)) for name in frame.columns)
    rows = zip(frame.itertuples(index=False, name=None), failed, strict=True)
    return Table(headings, numeric, tuple(Row(tuple(map(_cell, values)), bad) for values, bad in rows))


def _cell(value: object) -> Cell:
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return Cell(UNDEFINED, None, True)
    if isinstance(value, Integral) and not isinstance(value, bool):
        return Cell(str(int(value)), float(value), True)
    if isinstance(value, float | np.floating):
        return Cell(f"{float(value):.3f}", float(value), True)
    return Cell(plain(value), None, False)
