"""The augmentation study: every arm's difference from its reference, on all images and within each modality."""

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from cellarena.reporting.figures.curves import WIDTH, require_columns
from cellarena.reporting.figures.style import GREY, SILVER, VERMILLION, add_title, shorten, styled

MARGIN_BAND = "#E9E9E9"
"""Colour of the differences that do not matter."""
NEEDED = ("label", "reference", "reference_label", "difference", "low", "high", "images_low", "images_high", "verdict")
"""Columns of a table of differences."""
_VERDICTS = {
    "better": ("#0072B2", "^"), "worse": (VERMILLION, "v"), "equivalent": ("#009E73", "s"), "cannot tell": (GREY, "o"),
}  # fmt: skip
_COLUMNS = 3


@styled
def differences(table: pd.DataFrame, smallest_effect: float, confidence: float, title: str) -> Figure:
    """Return a forest plot: every arm's difference from its reference with its intervals and its verdict.

    The thin line is the interval for other trainings on other images, the thick one that over images for these
    trainings; the band holds the differences that do not matter.

    Args:
        table: the model's lines of `evaluation.study.study_table`.
        smallest_effect: a difference below it does not matter.
        confidence: of the intervals.
        title: above the axes.

    Raises:
        ValueError: if a column is missing.
    """
    require_columns(table, NEEDED)
    lines = table[table["reference"] != ""]
    figure = Figure(figsize=(WIDTH, 1.9 + 0.42 * max(1, len(lines))))
    axes = figure.subplots()
    _draw_differences(axes, lines, smallest_effect)
    axes.set_yticks(range(len(lines)), _names(lines))
    axes.set(xlabel="difference in mean F1 at IoU 0.5")
    for k, verdict in enumerate(lines["verdict"]):
        axes.annotate(verdict, (1.01, k), xycoords=("axes fraction", "data"), va="center", fontsize=8,
                      color=_VERDICTS[verdict][0], annotation_clip=False)  # fmt: skip
    add_title(figure, title)
    _explain_differences(figure, smallest_effect, confidence)
    return figure


@styled
def differences_by_modality(table: pd.DataFrame, smallest_effect: float, confidence: float, title: str) -> Figure:
    """Return a forest plot for each modality, on one scale.

    Args:
        table: the model's lines of `evaluation.study.study_by_modality`.
        smallest_effect: a difference below it does not matter.
        confidence: of the intervals.
        title: above the panels.

    Raises:
        ValueError: if a column is missing, or there is no modality.
    """
    require_columns(table, ("modality", "n_images", *NEEDED))
    modalities = list(dict.fromkeys(table["modality"]))
    if not modalities:
        raise ValueError("differences by modality: the table is empty")
    compared = table[table["reference"] != ""]
    columns = min(_COLUMNS, math.ceil(math.sqrt(len(modalities))))
    rows = -(-len(modalities) // columns)
    n_arms = int(compared.groupby("modality").size().max()) if len(compared) else 1
    figure = Figure(figsize=(max(WIDTH, 3.1 * columns), 1.2 + rows * (0.7 + 0.3 * n_arms)))
    grid: Any = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for axes in grid.ravel()[len(modalities) :]:
        axes.set_axis_off()
    for k, (axes, modality) in enumerate(zip(grid.ravel(), modalities, strict=False)):
        lines = compared[compared["modality"] == modality]
        _draw_differences(axes, lines, smallest_effect)
        n_images = int(table.loc[table["modality"] == modality, "n_images"].max())
        axes.set_title(f"{shorten(modality)} ({n_images} images)", loc="left", fontsize=9)
        axes.tick_params(labelbottom=True)
        axes.set_yticks(range(len(lines)), _names(lines), fontsize=8)
        if k // columns == (len(modalities) - 1 - k % columns) // columns:
            axes.set_xlabel("difference in mean F1")
    add_title(figure, title)
    _explain_differences(figure, smallest_effect, confidence)
    return figure


def _names(lines: pd.DataFrame) -> list[str]:
    pairs = zip(lines["label"], lines["reference_label"], strict=True)
    return [f"{shorten(label)} \N{MINUS SIGN} {shorten(reference)}" for label, reference in pairs]


def _draw_differences(axes: Axes, lines: pd.DataFrame, smallest_effect: float) -> None:
    axes.axvspan(-smallest_effect, smallest_effect, color=MARGIN_BAND, linewidth=0)
    axes.axvline(0, color="black", linewidth=1)
    for k, line in enumerate(lines.to_dict("records")):
        colour, marker = _VERDICTS[line["verdict"]]
        axes.hlines(k, line["low"], line["high"], colors=colour, linewidth=1.2)
        axes.hlines(k, line["images_low"], line["images_high"], colors=colour, linewidth=4, alpha=0.4)
        axes.scatter(line["difference"], k, s=36, color=colour, marker=marker, zorder=4)
    axes.set(ylim=(max(1, len(lines)) - 0.4, -0.6))


def _explain_differences(figure: Figure, smallest_effect: float, confidence: float) -> None:
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=colour, linestyle="", marker=marker, label=verdict)
        for verdict, (colour, marker) in _VERDICTS.items()
    ]
    handles += [Patch(facecolor=MARGIN_BAND, label=f"within {smallest_effect:g}: does not matter")]
    figure.legend(handles=[*handles, *interval_handles(confidence)], loc="outside lower center", ncols=3, fontsize=8)


def interval_handles(confidence: float) -> Sequence[Line2D]:
    """Return the entries of a legend that explain the thick and the thin line."""
    level = f"{100 * confidence:g} %"
    return [
        Line2D([], [], color=SILVER, linewidth=4, label=f"{level}: these trainings, other images"),
        Line2D([], [], color=GREY, linewidth=1.2, label=f"{level}: other trainings, other images"),
    ]
