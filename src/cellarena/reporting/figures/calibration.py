"""How sure and how right: reliability diagrams in small multiples, and risk over coverage."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from cellarena.reporting.figures.curves import WIDTH, require_columns
from cellarena.reporting.figures.style import GREY, VERMILLION, Series, add_title, series_styles, shorten, styled

_COLUMNS = 4
_WIDE = 9.0
_STYLES = {"raw": Series(VERMILLION, "solid", "o"), "scaled": Series("#0072B2", (0, (4, 1.5)), "s")}
_NAMES = {"raw": "as predicted", "scaled": "after temperature scaling"}
_FEW = 0.001
"""Bins with a smaller share of all are drawn hollow: their accuracy is that of a few pixels."""
_TELLING = 0.05
"""Coverage below which a handful of objects decides over the risk."""


@styled
def reliability_panels(table: pd.DataFrame, title: str) -> Figure:
    """Return accuracy over confidence, a panel for each row, and below it how much each bin of confidence holds.

    Args:
        table: columns `row` (panels stand in the order of their first), `scaling` ("raw", "scaled"), `low` and `high`
            (edges of the bin), `n`, `confidence` and `accuracy` (in [0, 1], NaN in an empty bin).
        title: above the panels.

    Raises:
        ValueError: if a column is missing.
    """
    require_columns(table, ("row", "scaling", "low", "high", "n", "confidence", "accuracy"))
    rows = list(dict.fromkeys(table["row"])) or ["no row"]
    columns = min(_COLUMNS, len(rows))
    height = -(-len(rows) // columns)
    figure = Figure(figsize=(_WIDE if columns > 1 else WIDTH / 1.5, 1.1 + 3.1 * height))
    ratios = [2.4, 1] * height
    grid: Any = figure.subplots(2 * height, columns, squeeze=False, sharex=True, sharey="row", height_ratios=ratios)
    add_title(figure, title)
    for place in range(height * columns):
        above, below = grid[2 * (place // columns), place % columns], grid[2 * (place // columns) + 1, place % columns]
        if place >= len(rows):
            above.set_axis_off()
            below.set_axis_off()
            continue
        _draw_panel(above, below, str(rows[place]), table[table["row"] == rows[place]])
        if place % columns == 0:
            above.set_ylabel("accuracy")
            below.set_ylabel("share")
    lines = [
        Line2D([], [], color=style.colour, linestyle=style.dash, marker=style.marker, markersize=4, label=_NAMES[name])
        for name, style in _STYLES.items()
    ]
    lines.append(Line2D([], [], color=GREY, linestyle="dotted", label="as right as sure"))
    figure.align_ylabels()
    figure.legend(handles=lines, loc="outside lower center", ncols=3, fontsize=8)
    return figure


@styled
def risk_coverage_curves(table: pd.DataFrame, title: str) -> Figure:
    """Return the share of wrong objects among the surest, over the share of the objects that these are.

    Args:
        table: column `coverage` in [0, 1], shown from 0.05 on, and one column of risk in [0, 1] per row; NaN where
            undefined.
        title: above the axes.

    Raises:
        ValueError: if the column coverage is missing.
    """
    require_columns(table, ("coverage",))
    names = [str(column) for column in table.columns if column != "coverage"]
    figure = Figure(figsize=(WIDTH, 4.6))
    axes = figure.subplots()
    add_title(figure, title)
    for k, (name, style) in enumerate(series_styles(names).items()):
        points = table.loc[table["coverage"] >= _TELLING, ["coverage", name]].dropna()
        label = shorten(name) + (" (no object)" if points.empty else "")
        # Markers of different curves stand apart.
        axes.plot(points["coverage"], points[name], color=style.colour, linestyle=style.dash, linewidth=1.5,
                  marker=style.marker, markersize=4, markevery=(3 * k, 40), label=label)  # fmt: skip
    axes.axhline(0.1, color=GREY, linestyle="dotted", linewidth=1.2, label="90 % precision")
    axes.set(xlabel="coverage (share of predicted objects kept, the surest first)", xlim=(-0.01, 1.01))
    axes.set(ylabel="risk (share of these that match no annotated object)", ylim=(-0.01, _top(table, names)))
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(4, len(labels)), fontsize=8)
    return figure


def _draw_panel(above: Axes, below: Axes, name: str, table: pd.DataFrame) -> None:
    above.plot([0, 1], [0, 1], color=GREY, linestyle="dotted", linewidth=1.2)
    found = False
    for scaling, style in _STYLES.items():
        bins = table[table["scaling"] == scaling].sort_values("low")
        total = bins["n"].sum()
        if not total:
            continue
        found = True
        share = bins["n"].to_numpy(float) / total
        drawn = bins[share > 0]
        above.plot(drawn["confidence"], drawn["accuracy"], color=style.colour, linestyle=style.dash, linewidth=1.3)
        for few, face in ((False, style.colour), (True, "white")):
            part = drawn[(share[share > 0] < _FEW) == few]
            above.plot(part["confidence"], part["accuracy"], color=style.colour, linestyle="none", markersize=4,
                       marker=style.marker, markerfacecolor=face)  # fmt: skip
        edges = np.append(bins["low"], bins["high"].iloc[-1])
        if scaling == "raw":
            below.text(0.02, 0.97, f"n = {total:,}", transform=below.transAxes, fontsize=7, va="top")
        below.stairs(np.where(share > 0, share, np.nan), edges, color=style.colour, linestyle=style.dash,
                     linewidth=1.3, fill=False, baseline=None)  # fmt: skip
    above.set_title(shorten(name) + ("" if found else " (no value)"), loc="left", fontsize=9)
    above.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    below.set(xlabel="confidence", yscale="log", ylim=(1e-6, 2))
    below.set_yticks([1e-6, 1e-4, 1e-2, 1], ["0.0001 %", "0.01 %", "1 %", "100 %"])
    below.tick_params(labelbottom=True)
    below.minorticks_off()


def _top(table: pd.DataFrame, names: list[str]) -> float:
    shown = table.loc[table["coverage"] >= _TELLING, names].to_numpy(float)
    highest = float(np.nanmax(shown, initial=0.1))
    return min(1.0, highest * 1.05) + 0.01
