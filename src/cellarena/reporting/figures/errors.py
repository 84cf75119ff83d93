"""Kinds of errors by model, what each costs, and where objects are lost."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cellarena.evaluation.errors.categories import ERRORS, MERGE, MISSED, OF_TRUE, POOR, SPLIT, TANGLE
from cellarena.evaluation.errors.gains import ALL
from cellarena.evaluation.errors.strata import UNDEFINED, interval
from cellarena.reporting.figures.curves import require_columns
from cellarena.reporting.figures.style import add_title, series_styles, shorten, styled

WIDTH = 8.0
"""Of a figure in inches."""
_BAR = 0.7
# Okabe and Ito's colours; the patterns tell neighbours apart without them.
_LOOKS = {
    "match": ("#D9D9D9", ""),
    MERGE: ("#0072B2", ""),
    SPLIT: ("#E69F00", "///"),
    TANGLE: ("#009E73", "xxx"),
    POOR: ("#CC79A7", "..."),
    MISSED: ("#D55E00", "\\\\\\"),
}
_GRID_COLUMNS = 4
_LARGE_GAIN = 0.5
"""In F1: from here on a cell of the heat map is as dark as can be."""


@styled
def category_bars(totals: pd.DataFrame, title: str) -> Figure:
    """Return what became of the annotated objects as stacked bars, and beside them what was predicted for nothing.

    Args:
        totals: one row per bar in order: row, n_true, `share_<category>` and spurious_per_true, as
            `comparison.category_totals` and `mean_of_seeds` give them.
        title: above the figure.

    Raises:
        ValueError: if a column is missing.
    """
    require_columns(totals, ("row", "n_true", *(f"share_{c}" for c in OF_TRUE), "spurious_per_true"))
    figure = Figure(figsize=(WIDTH, 1.9 + 0.36 * len(totals)))
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=[3, 1])
    place = np.arange(len(totals))
    start = np.zeros(len(totals))
    for category in OF_TRUE:
        colour, pattern = _LOOKS[category]
        share = totals[f"share_{category}"].fillna(0).to_numpy()
        left.barh(
            place, share, _BAR, start, color=colour, hatch=pattern, edgecolor="white", linewidth=0.5, label=category
        )
        start = start + share
    right.barh(place, totals["spurious_per_true"].fillna(0), _BAR, color="#6B6B6B")
    for y, value in zip(place, totals["spurious_per_true"], strict=True):
        right.text(0 if np.isnan(value) else value, y, f" {_number(value)}", va="center", fontsize=8)
    left.set_yticks(
        place, [f"{shorten(row)}\n{n:.0f} objects" for row, n in zip(totals["row"], totals["n_true"], strict=True)]
    )
    left.set(xlabel="share of the annotated objects", xlim=(0, 1), ylim=(len(totals) - 0.5, -0.5))
    right.set(xlabel="spurious for each\nannotated object", xlim=(0, _room(totals["spurious_per_true"])))
    add_title(figure, title)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower left", ncols=len(OF_TRUE), fontsize=8)
    return figure


@styled
def gain_table(gains: pd.DataFrame, title: str) -> Figure:
    """Return the gain in mean F1 if a kind of error were fixed, by model and kind, as numbers on a heat map.

    Args:
        gains: columns row, category and gain, one row for each cell; models stand in the order of their first row.
        title: above the figure.

    Raises:
        ValueError: if a column is missing.
    """
    require_columns(gains, ("row", "category", "gain"))
    rows = list(dict.fromkeys(gains["row"]))
    kinds = [*ERRORS, ALL]
    wide = gains.pivot_table(index="row", columns="category", values="gain", sort=False, dropna=False)
    values = wide.reindex(index=rows, columns=kinds).to_numpy(float)
    figure = Figure(figsize=(WIDTH, 1.6 + 0.36 * len(rows)))
    axes = figure.subplots()
    columns = [*ERRORS, "all: 1 \N{MINUS SIGN} F1"]
    _heat_map(axes, values, "{:.3f}", _LARGE_GAIN)
    axes.set_xticks(range(len(columns)), [name.replace(" ", "\n", 1) for name in columns], fontsize=8)
    axes.set_yticks(range(len(rows)), [shorten(row) for row in rows])
    axes.set(xlabel="kind of error that is fixed; gains do not add up")
    add_title(figure, title)
    return figure


@styled
def recall_by_stratum(strata: pd.DataFrame, title: str, quantity: str) -> Figure:
    """Return recall over the strata of a quantity, one line per model; each stratum with its number of objects.

    Args:
        strata: columns row, stratum, low, high, n_true and recall of one quantity; strata stand in the order of their
            first row, that of undefined values is not drawn.
        title: above the figure.
        quantity: with its unit, as the axis is to be called.

    Raises:
        ValueError: if a column is missing.
    """
    require_columns(strata, ("row", "stratum", "low", "high", "n_true", "recall"))
    known = strata[strata["stratum"] != UNDEFINED]
    figure = Figure(figsize=(WIDTH, 4.4))
    axes = figure.subplots()
    styles = series_styles(dict.fromkeys(known["row"]))
    for row, style in styles.items():
        recall = known.loc[known["row"] == row, "recall"].to_numpy(float)
        axes.plot(range(len(recall)), recall, color=style.colour, linestyle=style.dash, marker=style.marker,
                  markersize=5, linewidth=1.5, label=shorten(row))  # fmt: skip
    ticks = known.drop_duplicates("stratum")
    axes.set_xticks(range(len(ticks)), [
        f"{interval(low, high)}\n{n:.0f} objects"
        for low, high, n in ticks[["low", "high", "n_true"]].itertuples(index=False, name=None)
    ])  # fmt: skip
    axes.set(xlabel=quantity, ylabel="recall at IoU 0.5", ylim=(-0.02, 1.02), xlim=(-0.3, len(ticks) - 0.7))
    add_title(figure, title)
    if styles:
        figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=8)
    return figure


@styled
def recall_grids(grid: pd.DataFrame, title: str) -> Figure:
    """Return recall by diameter and distance to the nearest neighbour together, one small heat map per model.

    Args:
        grid: columns row, diameter_low, diameter_high, distance_low, distance_high, n_true and recall.
        title: above the figure.

    Raises:
        ValueError: if a column is missing.
    """
    bounds = ("diameter_low", "diameter_high", "distance_low", "distance_high")
    require_columns(grid, ("row", *bounds, "n_true", "recall"))
    rows = list(dict.fromkeys(grid["row"]))
    lines = max(1, -(-len(rows) // _GRID_COLUMNS))
    figure = Figure(figsize=(WIDTH + 1, 1.0 + 2.2 * lines))
    panels = figure.subplots(lines, _GRID_COLUMNS, squeeze=False, sharex=True, sharey=True).ravel()
    for axes in panels[len(rows) :]:
        axes.set_axis_off()
    for axes, row in zip(panels, rows, strict=False):
        cells = grid[grid["row"] == row]
        wide = cells.pivot_table(index="distance_high", columns="diameter_high", values="recall", dropna=False)
        _heat_map(axes, wide.to_numpy(float), "{:.2f}", 1.0)
        axes.set_title(shorten(row), loc="left", fontsize=9)
        for set_ticks, name in ((axes.set_xticks, "diameter"), (axes.set_yticks, "distance")):
            pairs = cells[[f"{name}_low", f"{name}_high"]].drop_duplicates().sort_values(f"{name}_high")
            set_ticks(
                range(len(pairs)), [interval(*pair) for pair in pairs.itertuples(index=False, name=None)], fontsize=7
            )
        axes.tick_params(axis="x", rotation=30)
    figure.supxlabel("equivalent diameter (px)", fontsize=9)
    figure.supylabel("distance to the nearest neighbour (px)", fontsize=9)
    add_title(figure, title)
    return figure


def _heat_map(axes: Axes, values: "np.typing.NDArray[np.float64]", form: str, top: float) -> None:
    """Draw numbers on a ground that is the darker the larger they are; what is undefined is a dash."""
    axes.imshow(values, cmap="Blues", vmin=0, vmax=top, aspect="auto")
    axes.grid(visible=False)
    for (i, j), value in np.ndenumerate(values):
        text = _number(value) if np.isnan(value) else form.format(value)
        axes.text(j, i, text, ha="center", va="center", fontsize=8, color="white" if value > 0.6 * top else "black")


def _number(value: float) -> str:
    return "\N{EN DASH}" if np.isnan(value) else f"{value:.3f}"


def _room(values: Iterable[float]) -> float:
    """Return the end of an axis that leaves room for a number behind the longest bar."""
    defined = [value for value in values if not np.isnan(value)]
    return max([0.1, *(1.5 * value for value in defined)])
