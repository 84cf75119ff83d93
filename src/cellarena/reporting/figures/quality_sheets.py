"""Synthetic images beside real ones as pictures: sheets by modality, and crops beside those they are most like."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from cellarena.images.windows import window
from cellarena.reporting.figures.outlines import draw_outlines, object_outlines
from cellarena.reporting.figures.sheets import Panel
from cellarena.reporting.figures.style import CYAN, DPI, YELLOW, add_title, styled
from cellarena.reporting.figures.tiles import Tile
from cellarena.reporting.tables import plain

COLOURS = 128
"""Of a file: stained tissue looks like a poster with fewer."""
SHOWN = 5
"""Images of a kind that a sheet has room for."""
PAIRS = 6
_SIDE = 136
_CROP = 192
_LETTERS = 20


@dataclass(frozen=True, eq=False)
class LookAlike:
    """A synthetic crop and the training crop that it is most like, (H, W, 3) uint8 each, and how like: in [-1, 1]."""

    synthetic_id: str
    synthetic: npt.NDArray[np.uint8]
    real_id: str
    real: npt.NDArray[np.uint8]
    likeness: float


@styled
def side_by_side(real: Sequence[Panel], synthetic: Sequence[Panel], title: str) -> Figure:
    """Return real images above synthetic ones, and each again with the outlines of its label image.

    Of an image larger than 192 x 192 pixels the part with the most objects is shown, with its grey levels as they are:
    stretching would hide that those of one kind are duller.

    Args:
        real: up to five are shown, 8-bit RGB.
        synthetic: up to five are shown, 8-bit RGB.
        title: above the sheet.
    """
    figure = Figure(figsize=((SHOWN * (_SIDE + 8) + 40) / DPI, (4 * (_SIDE + 18) + 40) / DPI))
    add_title(figure, title)
    grid = figure.subplots(4, SHOWN, squeeze=False)
    for axes in grid.ravel():
        axes.set_axis_off()
    for row, (kind, panels) in enumerate((("real", real), ("synthetic", synthetic))):
        for column, panel in enumerate(panels[:SHOWN]):
            place = window(panel.labels, _CROP)
            shown = _as_it_is(panel.image[place])
            for axes in grid[2 * row : 2 * row + 2, column]:
                axes.imshow(shown.rgb, extent=shown.extent, interpolation="antialiased")
            curves = [curve for part in object_outlines(panel.labels[place]).values() for curve in part]
            colour = CYAN if shown.rgb.mean() > 127 else YELLOW
            draw_outlines(grid[2 * row + 1, column], curves, colour, width=1.1)
            grid[2 * row, column].set_title(_short(panel.name), fontsize=6.5, loc="left", pad=2)
        words = kind if panels else f"no {kind} image"
        for axes in grid[2 * row : 2 * row + 2, 0]:
            axes.text(-0.06, 0.5, words, transform=axes.transAxes, rotation=90, ha="right", va="center", fontsize=8)
    return figure


@styled
def look_alikes(found: Sequence[LookAlike], title: str) -> Figure:
    """Return synthetic crops above the training crops that they are most like, the most alike first.

    Args:
        found: up to six are shown.
        title: above the pairs.
    """
    figure = Figure(figsize=((PAIRS * (_SIDE + 8) + 40) / DPI, (2 * (_SIDE + 30) + 50) / DPI))
    add_title(figure, title)
    grid = figure.subplots(2, PAIRS, squeeze=False)
    for axes in grid.ravel():
        axes.set_axis_off()
    if not found:
        figure.text(0.01, 0.5, "No training image is of a modality that was synthesised.", ha="left")
        return figure
    for (upper, lower), pair in zip(grid.T, found[:PAIRS], strict=False):
        for axes, pixels in ((upper, pair.synthetic), (lower, pair.real)):
            shown = _as_it_is(pixels)
            axes.imshow(shown.rgb, extent=shown.extent, interpolation="antialiased")
        upper.set_title(f"{_short(pair.synthetic_id)}\nr = {pair.likeness:.2f}", fontsize=6.5, loc="left", pad=2)
        lower.set_title(_short(pair.real_id), fontsize=6.5, loc="left", pad=2)
    for axes, kind in zip(grid[:, 0], ("synthetic", "train"), strict=True):
        axes.text(-0.06, 0.5, kind, transform=axes.transAxes, rotation=90, ha="right", va="center", fontsize=8)
    return figure


def _as_it_is(pixels: npt.NDArray[np.uint8]) -> Tile:
    height, width = pixels.shape[:2]
    return Tile(pixels, (-0.5, width - 0.5, height - 0.5, -0.5))


def _short(name: str) -> str:
    name = plain(name)
    return name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}…"
