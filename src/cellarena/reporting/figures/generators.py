"""Fits of generators: what was painted along the way beside the real image, and the losses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cellarena.images.io import LabelImage
from cellarena.images.picture import Image
from cellarena.reporting.figures.curves import WIDTH
from cellarena.reporting.figures.outlines import draw_outlines, object_outlines
from cellarena.reporting.figures.style import DPI, YELLOW, add_title, series_styles, shorten, styled

COLOURS = 160
"""Of a sheet's file."""
_SHOWN = 132
_COLUMNS = 3


@dataclass(frozen=True, eq=False)
class Painted:
    """A label image that a generator painted at several steps of its fit.

    Attributes:
        name: of the training image that it is from.
        modality: of that image.
        labels: (H, W) label image.
        real: (H, W, 3) uint8, the training image.
        steps: optimizer step to what was painted then, (H, W, 3) uint8.
    """

    name: str
    modality: str
    labels: LabelImage
    real: Image
    steps: Mapping[int, Image]


@styled
def sample_sheet(rows: Sequence[Painted], title: str) -> Figure:
    """Return a row for each label image: its outlines, what was painted at each step, the real image.

    Args:
        rows: at least one; all were painted at the same steps.
        title: above the sheet.

    Raises:
        ValueError: if there is no row, or the steps of the rows differ.
    """
    if not rows or any(list(row.steps) != list(rows[0].steps) for row in rows):
        raise ValueError(f"sample sheet {title!r}: needs rows that were painted at the same steps")
    steps = sorted(rows[0].steps)
    n_columns = len(steps) + 2
    figure = Figure(figsize=((_SHOWN + 6) * n_columns / DPI, ((_SHOWN + 22) * len(rows) + 44) / DPI))
    add_title(figure, title)
    grid: Any = figure.subplots(len(rows), n_columns, squeeze=False)
    for line, row in zip(grid, rows, strict=True):
        _draw_labels(line[0], row)
        for axes, step in zip(line[1:], steps, strict=False):
            _draw_image(axes, row.steps[step], f"step {step}" if step else "as fitted")
        _draw_image(line[-1], row.real, "real image")
    return figure


def _draw_labels(axes: Axes, row: Painted) -> None:
    axes.set_axis_off()
    height, width = row.labels.shape
    axes.imshow((row.labels > 0) * 0.25, cmap="gray", vmin=0, vmax=1)
    curves = [curve for part in object_outlines(row.labels).values() for curve in part]
    draw_outlines(axes, curves, YELLOW, width=0.8)
    axes.set_xlim(-0.5, width - 0.5)
    axes.set_ylim(height - 0.5, -0.5)
    axes.set_title(shorten(row.modality), fontsize=7, loc="left", pad=2)


def _draw_image(axes: Axes, image: Image, title: str) -> None:
    axes.set_axis_off()
    axes.imshow(image, interpolation="nearest")
    axes.set_title(title, fontsize=7, loc="left", pad=2)


@styled
def loss_curves(losses: pd.DataFrame, title: str) -> Figure:
    """Return a panel for each loss over the optimizer step; names with the same first word share one.

    Args:
        losses: column `step` and one column per loss.
        title: above the panels.

    Raises:
        ValueError: if there is no loss.
    """
    names = [str(column) for column in losses.columns if column != "step"]
    if not names:
        raise ValueError("loss curves: the table has no column besides 'step'")
    groups = [list(members) for _, members in groupby(names, key=lambda name: name.split("_")[0])]
    columns = min(_COLUMNS, len(groups))
    n_rows = -(-len(groups) // columns)
    figure = Figure(figsize=(WIDTH, 0.6 + 2.1 * n_rows))
    add_title(figure, title)
    grid: Any = figure.subplots(n_rows, columns, squeeze=False, sharex=True)
    for axes in grid.ravel()[len(groups) :]:
        axes.set_axis_off()
    for axes, members in zip(grid.ravel(), groups, strict=False):
        _draw_losses(axes, losses, members)
    return figure


def _draw_losses(axes: Axes, losses: pd.DataFrame, names: Sequence[str]) -> None:
    for name, style in series_styles(names).items():
        axes.plot(losses["step"], losses[name], color=style.colour, linestyle=style.dash, linewidth=1.2, label=name,
                  marker=style.marker if len(losses) == 1 else "")  # fmt: skip
    axes.set_xlabel("optimizer step")
    axes.tick_params(labelbottom=True)
    if len(names) == 1:
        axes.set_title(names[0].replace("_", " "), loc="left", fontsize=9)
        return
    axes.set_title(names[0].split("_")[0], loc="left", fontsize=9)
    axes.legend(fontsize=7)
