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
def seed_dots(table: pd.DataFrame, title: str) -> Figure:
    """Return F1 by model with every seed as a point and the mean of at least two seeds as a line.

    Args:
        table: columns `model`, `seed` and `f1` (mean over images, in [0, 1]; NaN where undefined); models stand in
            the order of their first row.
        title: above the axes.

    Raises:
        ValueError: if a column is missing.
    """
    require_columns(table, ("model", "seed", "f1"))
    models = list(dict.fromkeys(table["model"]))
    figure = Figure(figsize=(WIDTH, 1.5 + 0.42 * len(models)))
    axes = figure.subplots()
    styles = series_styles(models)
    for row, model in enumerate(models):
        values = table.loc[table["model"] == model, "f1"].dropna().sort_values()
        style = styles[model]
        # Points of nearly equal value would hide each other on one line.
        heights = [row + 0.22 * (k % 3 - 1) * (len(values) > 1) for k in range(len(values))]
        axes.scatter(values, heights, s=32, color=style.colour, marker=style.marker, zorder=3)
        if len(values) > 1:
            axes.vlines(values.mean(), row - 0.36, row + 0.36, colors=style.colour, linewidth=1.6)
    axes.set_yticks(range(len(models)), [_seed_label(str(m), table.loc[table["model"] == m, "f1"]) for m in models])
    add_title(figure, title)
    axes.set(xlabel="mean F1 at IoU 0.5 (point: one seed; line: mean of the seeds)")
    axes.set(xlim=score_limits(table["f1"]), ylim=(len(models) - 0.4, -0.6))
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


def _seed_label(model: str, values: "pd.Series[float]") -> str:
    n = int(values.notna().sum())
    if n == 0:
        return f"{shorten(model)}\nno value"
    return f"{shorten(model)}\n" + ("not learned" if model == FLOOR else f"{n} seed{'s' * (n > 1)}")


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
