"""Scores of models side by side: curves over the IoU threshold, and a point for each seed."""

import math
from collections.abc import Iterable

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cellarena.reporting.figures.style import add_title, series_styles, shorten, styled
from cellarena.reporting.tables import FLOOR

WIDTH = 7.0
"""Of a figure with one panel to a row, in inches."""


@styled
def threshold_curves(table: pd.DataFrame, title: str) -> Figure:
    """Return F1 over the IoU threshold, one line per model.

    Args:
        table: column `threshold` in (0, 1] and one column of F1 in [0, 1] per model; NaN where undefined.
        title: above the axes.

    Raises:
        ValueError: if a column is missing.
    """
    figure = Figure(figsize=(WIDTH, 4.6))
    axes = figure.subplots()
    names = _draw_lines(axes, table, "threshold")
    add_title(figure, title)
    axes.set(xlabel="IoU threshold", ylabel="mean F1", ylim=score_limits(table[names].to_numpy().ravel()))
    _add_legend(figure, axes, len(names))
    return figure


@styled
def validation_curves(table: pd.DataFrame, title: str) -> Figure:
    """Return validation F1 over the optimizer step, one line per arm.

    Args:
        table: column `step` and one column of F1 in [0, 1] per arm; NaN where it was not measured.
        title: above the axes.

    Raises:
        ValueError: if a column is missing.
    """
    figure = Figure(figsize=(WIDTH, 4.6))
    axes = figure.subplots()
    names = _draw_lines(axes, table, "step")
    add_title(figure, title)
    limits = score_limits(table[names].to_numpy().ravel())
    axes.set(xlabel="optimizer step", ylabel="validation F1 at IoU 0.5, mean of seeds", ylim=limits)
    _add_legend(figure, axes, len(names))
    return figure


def score_limits(scores: Iterable[float]) -> tuple[float, float]:
    """Return limits of an axis of scores: the tenths around those that are defined, at least 0.2, and a margin."""
    defined = [score for score in scores if not math.isnan(score)] or [0.0, 1.0]
    # A score of 0.3 is stored as a little less.
    low, high = math.floor(min(defined) * 10 + 1e-9), math.ceil(max(defined) * 10 - 1e-9)
    low = min(low, 8)
    high = min(10, max(high, low + 2))
    margin = 0.02 * (high - low) / 10
    return low / 10 - margin, high / 10 + margin


def _draw_lines(axes: Axes, table: pd.DataFrame, x: str) -> list[str]:
    require_columns(table, (x,))
    names = [str(column) for column in table.columns if column != x]
    if not names:
        raise ValueError(f"curves over {x}: the table has no column besides {x!r}")
    for name, style in series_styles(names).items():
        # A value that was not measured at a step is no gap in the curve.
        points = table[[x, name]].dropna()
        axes.plot(points[x], points[name], color=style.colour, linestyle=style.dash, linewidth=1.5,
                  marker=style.marker, markersize=4, label=_line_label(name, points.empty))  # fmt: skip
    return names


def _line_label(name: str, empty: bool) -> str:
    notes = ["not learned"] * (name == FLOOR) + ["no value"] * empty
    return shorten(name) + (f" ({', '.join(notes)})" if notes else "")


def _add_legend(figure: Figure, axes: Axes, n_lines: int) -> None:
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(4, max(1, n_lines)), fontsize=8)


def require_columns(table: pd.DataFrame, columns: tuple[str, ...]) -> None:
    """Do nothing if a table has all of these columns.

    Raises:
        ValueError: if one is missing.
    """
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise ValueError(f"curve table: column {', '.join(missing)} is missing; it has {', '.join(map(str, table))}")
