"""The augmentation study: score against the share of synthetic images, all other arms beside it."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.transforms import ScaledTranslation

from cellarena.reporting.figures.curves import WIDTH, require_columns
from cellarena.reporting.figures.differences import MARGIN_BAND, NEEDED, interval_handles
from cellarena.reporting.figures.style import GREY, Series, add_title, series_styles, shorten, styled

_BEYOND = 0.02
"""Room that markers at 0 and 1 need."""
_SHORT = 4
_NEEDED = (*NEEDED, "arm", "generator", "n_real", "n_repeats", "n_synthetic", "share", "mean")


@styled
def dose_response(
    table: pd.DataFrame, seeds: pd.DataFrame, smallest_effect: float, confidence: float, title: str
) -> Figure:
    """Return a model's score against the share of synthetic images, all other arms beside it.

    The line joins the arms that add images of one generator to all real ones; its band is the interval of the
    difference from R, drawn around R's mean, as is that of every other arm.

    Args:
        table: the model's lines of `evaluation.study.study_table`.
        seeds: columns `arm` and `value`, the mean of one training each.
        smallest_effect: a difference below it does not matter.
        confidence: of the intervals.
        title: above the panels.

    Raises:
        ValueError: if a column is missing, or no line is that of the reference.
    """
    require_columns(table, _NEEDED)
    require_columns(seeds, ("arm", "value"))
    if not (table["reference"] == "").any():
        raise ValueError("dose response: no line of the table is that of the reference")
    alone = table[table["reference"] == ""].iloc[0]
    others = table[table["reference"] == alone["arm"]]
    is_dose = (others["n_real"] == alone["n_real"]) & (others["n_repeats"] == 0) & (others["n_synthetic"] > 0)
    doses, rest = others[is_dose], others[~is_dose]
    figure = Figure(figsize=(WIDTH + 0.35 * max(0, len(rest) - 3), 4.9))
    ratios = [2.4, max(0.8, 0.45 * len(rest))] if len(rest) else [1.0]
    panels: list[Axes] = np.atleast_1d(figure.subplots(1, len(ratios), width_ratios=ratios)).tolist()
    for axes in panels:
        axes.axhspan(alone["mean"] - smallest_effect, alone["mean"] + smallest_effect, color=MARGIN_BAND, linewidth=0)
        axes.axhline(alone["mean"], color="black", linewidth=1.1)
    styles = series_styles(dict.fromkeys([*doses["generator"], "other arms"]))
    _draw_doses(panels[0], alone, doses, seeds, styles)
    if len(rest):
        _draw_arms(panels[1], alone, rest, seeds, styles["other arms"])
    # A dose response is a matter of hundredths, which the scale of the other arms would hide.
    for axes in panels:
        low, high = axes.get_ylim()
        low, high = min(low, alone["mean"] - 3 * smallest_effect), max(high, alone["mean"] + 3 * smallest_effect)
        # An interval of few seeds may reach beyond what a mean F1 can be.
        axes.set_ylim(max(low, -_BEYOND), min(high, 1 + _BEYOND))
    panels[0].set_ylabel("mean F1 at IoU 0.5, test subset")
    add_title(figure, title)
    _explain_doses(figure, str(alone["label"]), smallest_effect, confidence, styles, doses)
    return figure


def _draw_doses(
    axes: Axes, alone: "pd.Series[Any]", doses: pd.DataFrame, seeds: pd.DataFrame, styles: dict[str, Series]
) -> None:
    axes.annotate(str(alone["label"]), (0, alone["mean"]), (-4, 3), textcoords="offset points", fontsize=8, ha="right")
    _dots(axes, 0, seeds.loc[seeds["arm"] == alone["arm"], "value"], Series("black", "solid", "o"))
    single = doses["generator"].value_counts()
    for k, generator in enumerate(dict.fromkeys(doses["generator"])):
        style, lines = styles[generator], doses[doses["generator"] == generator].sort_values("share")
        # Arms of one share stand side by side.
        x = 100 * lines["share"].to_numpy() + 1.2 * k
        for place, line in zip(x, lines.to_dict("records"), strict=True):
            _draw_arm(axes, float(place), line, float(alone["mean"]), seeds, style)
        if single[generator] > 1:
            axes.plot([0, *x], [alone["mean"], *lines["mean"]], color=style.colour, linestyle=style.dash, linewidth=1.4)
            low, high = ([alone["mean"], *(alone["mean"] + lines[side])] for side in ("low", "high"))
            axes.fill_between([0, *x], low, high, color=style.colour, alpha=0.14, linewidth=0)
    axes.set(xlabel="synthetic images added, % of the real ones")
    ticks = sorted({0.0, *(float(100 * share) for share in doses["share"])})
    axes.set_xticks(ticks, [f"{tick:.0f}" for tick in ticks])


def _draw_arms(axes: Axes, alone: "pd.Series[Any]", rest: pd.DataFrame, seeds: pd.DataFrame, style: Series) -> None:
    for k, line in enumerate(rest.to_dict("records")):
        _draw_arm(axes, k, line, float(alone["mean"]), seeds, style)
    labels = [shorten(label) for label in rest["label"]]
    axes.set_xticks(range(len(rest)), labels)
    if max(map(len, labels)) > _SHORT:
        axes.tick_params(axis="x", rotation=40)
        for text in axes.get_xticklabels():
            text.set(ha="right", rotation_mode="anchor")
    axes.set(xlim=(-0.6, len(rest) - 0.4), xlabel="other arms")


def _draw_arm(
    axes: Axes, x: float, line: "dict[Any, Any]", reference: float, seeds: pd.DataFrame, style: Series
) -> None:
    # The means of pairs and of arms differ where a value is undefined; the intervals are those of the difference.
    axes.vlines(x, reference + line["low"], reference + line["high"], colors=style.colour, linewidth=1.2, zorder=3)
    axes.vlines(x, reference + line["images_low"], reference + line["images_high"], colors=style.colour, linewidth=4,
                alpha=0.4, zorder=2)  # fmt: skip
    axes.scatter(x, line["mean"], s=40, color=style.colour, marker=style.marker, zorder=4)
    _dots(axes, x, seeds.loc[seeds["arm"] == line["arm"], "value"], style)


def _dots(axes: Axes, x: float, values: "pd.Series[float]", style: Series) -> None:
    if len(values) < 2:
        return
    beside = ScaledTranslation(7 / 72, 0, axes.figure.dpi_scale_trans)
    axes.scatter([x] * len(values), values, s=12, facecolors="none", edgecolors=style.colour, linewidths=0.8, zorder=5,
                 transform=axes.transData + beside)  # fmt: skip


def _explain_doses(
    figure: Figure, reference: str, smallest_effect: float, confidence: float, styles: dict[str, Series],
    doses: pd.DataFrame,
) -> None:  # fmt: skip
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=styles[name].colour, linestyle=styles[name].dash, marker=styles[name].marker,
               linewidth=1.4, label=f"{reference} + images of {shorten(name)}")
        for name in dict.fromkeys(doses["generator"])
    ]  # fmt: skip
    handles += [
        Line2D([], [], color="black", linewidth=1.1, label=f"{reference}: real images alone"),
        Patch(facecolor=MARGIN_BAND, label=f"within {smallest_effect:g} of {reference}: does not matter"),
        *interval_handles(confidence),
        Line2D([], [], color=GREY, linestyle="", marker="o", markersize=3.8, fillstyle="none", label="one seed"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2, fontsize=8)
