"""Contact sheets: what a data set looks like, image beside annotated outlines."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cellarena.images.io import LabelImage
from cellarena.images.picture import Image
from cellarena.images.windows import window
from cellarena.reporting.figures.outlines import draw_outlines, object_outlines
from cellarena.reporting.figures.style import CYAN, DPI, YELLOW, add_title, styled
from cellarena.reporting.figures.tiles import tile

COLOURS = 40
"""Of a sheet's file: enough for grey and stained images, and few enough for a file that git can hold."""
_CROP = 256
_SHOWN = 144
_COLUMNS = 4


@dataclass(frozen=True)
class Panel:
    """One annotated image of a sheet: image (H, W) or (H, W, C) in its own bit depth, labels (H, W)."""

    name: str
    modality: str
    image: Image
    labels: LabelImage


@styled
def contact_sheet(panels: Sequence[Panel], title: str) -> Figure:
    """Return a grid of images, each beside itself with the outlines of its label image.

    Of an image larger than 256 x 256 pixels the part with the most objects is shown.

    Args:
        panels: in the order in which they are to stand, four to a row.
        title: above the sheet.

    Raises:
        ValueError: if there is no panel, or an image and its labels differ in size.
    """
    if not panels:
        raise ValueError(f"contact sheet {title!r}: there is no image to show")
    columns = min(_COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=((2 * _SHOWN + 24) * columns / DPI, ((_SHOWN + 50) * rows + 40) / DPI))
    add_title(figure, title)
    grid = figure.subplots(rows, 2 * columns, squeeze=False).ravel()
    for axes in grid:
        axes.set_axis_off()
    for index, panel in enumerate(panels):
        _draw(grid[2 * index], grid[2 * index + 1], panel)
    return figure


def caption(panel: Panel) -> str:
    """Return two lines: name; modality, size in pixels (width x height), bit depth, number of annotated objects.

    Size and number are those of the whole image; "part" says that not all of it is shown.
    """
    height, width = panel.labels.shape
    n_objects = int(np.count_nonzero(np.unique(panel.labels)))
    kind = " float" if np.issubdtype(panel.image.dtype, np.floating) else ""
    bits = 1 if panel.image.dtype == bool else panel.image.dtype.itemsize * 8
    cells = "cell" if n_objects == 1 else "cells"
    part = " (part)" if max(height, width) > _CROP else ""
    modality = _cut(panel.modality, 20)
    return f"{_cut(panel.name, 28)}\n{modality}, {width} x {height}{part}, {bits} bit{kind}, {n_objects} {cells}"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _draw(plain: Axes, outlined: Axes, panel: Panel) -> None:
    if panel.image.shape[:2] != panel.labels.shape:
        raise ValueError(f"{panel.name}: image {panel.image.shape[:2]} and labels {panel.labels.shape} differ in size")
    place = window(panel.labels, _CROP)
    shown = tile(panel.image, place, _SHOWN)
    for axes in (plain, outlined):
        axes.imshow(shown.rgb, extent=shown.extent, interpolation="antialiased")
    colour = CYAN if shown.rgb.mean() > 127 else YELLOW
    curves = [curve for part in object_outlines(panel.labels[place]).values() for curve in part]
    draw_outlines(outlined, curves, colour, width=1.1)
    plain.set_title(caption(panel), fontsize=6.5, loc="left", pad=3)
