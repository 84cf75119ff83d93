"""A gallery of errors: the crop around each, annotated and predicted outlines over it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from cellarena.evaluation.errors.categories import ERRORS
from cellarena.evaluation.errors.worst import Specimen
from cellarena.images.intensity import to_rgb8
from cellarena.images.io import LabelImage
from cellarena.images.picture import Image
from cellarena.images.windows import Window
from cellarena.reporting.figures.outlines import draw_outlines, object_outlines
from cellarena.reporting.figures.style import DPI, SKY, YELLOW, add_title, styled
from cellarena.reporting.figures.tiles import fitted
from cellarena.reporting.tables import plain

COLUMNS = 4
"""Errors of one kind that a gallery has room for."""
_SHOWN = 92
_SMALLEST = 48
"""Side of the smallest crop in pixels: less would not show where the object lies."""
_MARGIN = 1.5
_LETTERS = 19
"""Of an image's name that a crop's title has room for."""
# Colour and width differ, so that neither is needed alone; dashes would hide the shape of small pieces.
_TRUE = (YELLOW, 1.9)
_PRED = (SKY, 1.1)


@dataclass(frozen=True, eq=False)
class Exhibit:
    """One error to show, cut out of its image.

    Attributes:
        specimen: what it is.
        rgb: (h, w, 3) the part of the image around it, stretched over the whole image's percentiles.
        true: (h, w) annotated label image of that part.
        pred: (h, w) predicted one.
    """

    specimen: Specimen
    rgb: npt.NDArray[np.uint8]
    true: LabelImage
    pred: LabelImage

    @classmethod
    def of(cls, specimen: Specimen, image: Image, true: LabelImage, pred: LabelImage) -> "Exhibit":
        """Cut an error out of (H, W) or (H, W, C) image and (H, W) label images.

        Raises:
            ValueError: if the images differ in size or hold none of its objects.
        """
        place = surroundings(specimen, image, true, pred)
        return cls(specimen, to_rgb8(image)[place].copy(), true[place].copy(), pred[place].copy())


@dataclass
class Exhibition:
    """The worst errors of a run so far, as many of each kind as a gallery has room for."""

    kinds: dict[str, list[Exhibit]] = field(default_factory=lambda: {kind: [] for kind in ERRORS})
    """By their kind, the worst first."""

    def add(self, specimens: Iterable[Specimen], image: Image, true: LabelImage, pred: LabelImage) -> None:
        """Take up those errors of an image that are worse than what is here."""
        for specimen in specimens:
            shown = self.kinds[specimen.category]
            if len(shown) < COLUMNS or specimen.rank < shown[-1].specimen.rank:
                shown.append(Exhibit.of(specimen, image, true, pred))
                shown.sort(key=lambda exhibit: exhibit.specimen.rank)
                del shown[COLUMNS:]


@styled
def gallery(rows: Mapping[str, Sequence[Exhibit]], title: str) -> Figure:
    """Return a row of crops for each kind of error, up to four to a row; the objects of the error are drawn bold.

    Args:
        rows: heading of a row to its exhibits; a row without one is left out.
        title: above the figure.
    """
    shown = {heading: list(some)[:COLUMNS] for heading, some in rows.items() if some}
    height = max(1, len(shown)) * (_SHOWN + 42) + 80
    figure = Figure(figsize=((COLUMNS * (_SHOWN + 12) + 30) / DPI, height / DPI))
    add_title(figure, title)
    if not shown:
        figure.text(0.01, 0.4, "No error was made.", ha="left")
        return figure
    grid = figure.subplots(len(shown), COLUMNS, squeeze=False)
    for axes in grid.ravel():
        axes.set_axis_off()
    for line, (heading, exhibits) in zip(grid, shown.items(), strict=True):
        for axes, exhibit in zip(line, exhibits, strict=False):
            _draw(axes, exhibit)
        line[0].text(-0.08, 0.5, heading, transform=line[0].transAxes, rotation=90, ha="right", va="center", fontsize=8)
    lines = [
        Line2D([], [], color=colour, linewidth=width, label=name)
        for name, (colour, width) in {"annotated": _TRUE, "predicted": _PRED}.items()
    ]
    figure.legend(handles=lines, loc="outside lower left", ncols=2, fontsize=8)
    return figure


def surroundings(specimen: Specimen, image: Image, true: LabelImage, pred: LabelImage) -> Window:
    """Return the square part of an image around the objects of an error, moved inwards at the image's edge.

    Raises:
        ValueError: if the images differ in size or hold none of the objects.
    """
    shape, name = image.shape[:2], specimen.image
    if true.shape != shape or pred.shape != shape:
        raise ValueError(f"{name}: image {shape}, annotation {true.shape} and prediction {pred.shape} differ in size")
    y, x = np.nonzero(np.isin(true, specimen.true) | np.isin(pred, specimen.pred))
    if not y.size:
        raise ValueError(f"{name}: none of the objects to show is in its label images")
    low, high = np.array([y.min(), x.min()]), np.array([y.max(), x.max()]) + 1
    side = max(_SMALLEST, int(np.ceil(_MARGIN * (high - low).max())))
    start = np.clip((low + high - side) // 2, 0, np.maximum(np.array(shape) - side, 0))
    return slice(int(start[0]), int(start[0]) + side), slice(int(start[1]), int(start[1]) + side)


def _draw(axes: Axes, exhibit: Exhibit) -> None:
    part, specimen = fitted(exhibit.rgb, _SHOWN), exhibit.specimen
    axes.imshow(part.rgb, extent=part.extent, interpolation="antialiased")
    for labels, members, (colour, bold) in (
        (exhibit.true, specimen.true, _TRUE),
        (exhibit.pred, specimen.pred, _PRED),
    ):
        for label, curves in object_outlines(labels).items():
            draw_outlines(axes, curves, colour, width=bold if label in members else bold / 3)
    name = plain(specimen.image)
    name = name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}…"
    wide = part.extent[1] + 0.5
    axes.set_title(f"{name}\n{plain(specimen.how_bad)} in {wide:.0f} px", fontsize=6, loc="left", pad=2)
