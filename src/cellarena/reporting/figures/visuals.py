"""Filters and feature maps of a network, as pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cellarena.reporting.figures.style import add_title, styled

_COLUMNS = 8
_PANEL = 1.25
"""Side of a panel in inches."""


@dataclass(frozen=True, eq=False)
class MapRow:
    """A row of feature maps.

    Attributes:
        title: stands before the row.
        maps: (n, h, w), at most 8 of them are shown.
        names: of each map.
    """

    title: str
    maps: npt.NDArray[np.float32]
    names: Sequence[str]


@styled
def filter_figure(filters: npt.NDArray[np.float32], title: str) -> Figure:
    """Return the filters of a layer on one scale that is symmetric about 0: violet is negative, orange positive.

    Args:
        filters: (n, k, k) weights; at most 16 are shown.
        title: above the figure.
    """
    shown = filters[: 2 * _COLUMNS]
    n_rows = -(-len(shown) // _COLUMNS)
    figure = Figure(figsize=(_COLUMNS * _PANEL + 1, n_rows * (_PANEL + 0.2) + 0.6))
    panels = figure.subplots(n_rows, _COLUMNS, squeeze=False)
    largest = float(np.abs(filters).max()) or 1.0
    for axes in panels.flat:
        axes.set_axis_off()
    for number, (axes, weights) in enumerate(zip(panels.flat, shown, strict=False)):
        drawn = axes.imshow(weights, cmap="PuOr_r", vmin=-largest, vmax=largest)
        axes.set_title(f"filter {number + 1}", fontsize=8)
    figure.colorbar(drawn, ax=panels, label="summed weight")
    add_title(figure, title)
    return figure


@styled
def map_figure(image: npt.NDArray[np.uint8], rows: Sequence[MapRow], title: str) -> Figure:
    """Return an image and, row by row, feature maps for it; each map has a scale of its own, bright is high.

    Args:
        image: (H, W, 3) uint8, what the network saw.
        rows: in the order in which the layers work.
        title: above the figure.
    """
    tall = image.shape[0] / image.shape[1]
    height = (len(rows) + 1) * (_PANEL * tall + 0.3) + 0.7
    figure = Figure(figsize=((_COLUMNS + 1) * _PANEL + 0.6, height))
    panels = figure.subplots(len(rows) + 1, _COLUMNS + 1, squeeze=False)
    for axes in panels.flat:
        axes.set_axis_off()
    _say(panels[0, 0], "image")
    panels[0, 1].imshow(image)
    for row, line in zip(rows, panels[1:], strict=True):
        _say(line[0], row.title)
        for axes, name, feature_map in zip(line[1:], row.names, row.maps, strict=False):
            low, high = np.percentile(feature_map, (1, 99))
            # Means of neighbours are taken before they are coloured; a mean of colours is a colour of no value.
            axes.imshow(
                feature_map,
                cmap="viridis",
                vmin=low,
                vmax=max(high, low + 1e-6),
                aspect="auto",
                interpolation_stage="data",
            )
            axes.set_box_aspect(tall)
            axes.set_title(name, fontsize=8)
    add_title(figure, f"{title}. Bright is high, dark is low; each map has a scale of its own")
    return figure


def _say(axes: Axes, title: str) -> None:
    """Write the title of a row beside its maps, on lines short enough for a panel."""
    axes.text(0, 0.5, title, fontsize=8, va="center", transform=axes.transAxes)
