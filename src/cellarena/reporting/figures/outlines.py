"""Outlines of labelled objects as curves, so that they stay thin, smooth and dashed at any magnification."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patheffects import Stroke, withStroke
from scipy import ndimage
from skimage.measure import find_contours

from cellarena.images.io import LabelImage
from cellarena.images.labels import consecutive
from cellarena.reporting.figures.style import Dash

Curve = npt.NDArray[np.floating[Any]]


def object_outlines(labels: LabelImage) -> dict[int, list[Curve]]:
    """Return the closed outlines of every object, just inside its outermost pixels' outer edge.

    Neighbours that touch keep outlines of their own, and an object cut by the frame is closed along it.

    Args:
        labels: (H, W) integers, at least 0.

    Returns:
        Label to curves, each (N, 2) of x and y in pixels; an object in pieces or with holes has several.
    """
    values = np.unique(labels)
    values = values[values > 0]
    outlines = {}
    for value, place in zip(values, ndimage.find_objects(consecutive(labels).astype(np.int32)), strict=True):
        inside = np.pad(labels[place] == value, 1).astype(float)
        origin = np.array([place[0].start - 1, place[1].start - 1])
        curves: list[Curve] = find_contours(inside, 0.7)
        outlines[int(value)] = [(curve + origin)[:, ::-1] for curve in curves]
    return outlines


def draw_outlines(
    axes: Axes,
    curves: Iterable[Curve],
    colour: str,
    dash: Dash = "solid",
    width: float = 1.2,
) -> None:
    """Draw curves over an image, each on a thin dark rim that keeps it visible on any ground.

    Args:
        axes: where to.
        curves: (N, 2) of x and y in the pixels of the image shown there.
        colour: of the line.
        dash: matplotlib's line style.
        width: of the line in points.
    """
    rim: Stroke = withStroke(linewidth=width + 0.8, foreground="black", alpha=0.5)
    lines = LineCollection(list(curves), colors=colour, linestyles=[dash], linewidths=width, path_effects=[rim])
    axes.add_collection(lines, autolim=False)
