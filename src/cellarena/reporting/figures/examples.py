"""One test image under every model: what was found, what was missed, what is not there."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from cellarena.images.io import LabelImage
from cellarena.images.picture import Image
from cellarena.images.windows import Window, window
from cellarena.reporting.figures.outlines import draw_outlines, object_outlines
from cellarena.reporting.figures.style import DPI, SILVER, SKY, VERMILLION, YELLOW, Dash, add_title, shorten, styled
from cellarena.reporting.figures.tiles import Tile, tile

_CROP = 256
_SHOWN = 256
_LETTER = 8
"""Width of a letter of a panel's title in pixels, a bold one included."""
_COLUMNS = 5
_TRUE: tuple[str, Dash] = (YELLOW, "solid")
_STATUS: dict[str, tuple[str, Dash]] = {
    "matched": (SKY, "solid"),
    "missed": (YELLOW, (0, (3.5, 1.6))),
    "ignored": (SILVER, "solid"),
    "spurious": (VERMILLION, (0, (1.6, 0.8))),
}
_MEANING = {
    "matched": "matched (predicted outline)",
    "missed": "missed (annotated outline)",
    "spurious": "spurious (predicted outline)",
    "ignored": "at the border: not scored",
}


@dataclass(frozen=True, eq=False)
class Prediction:
    """One model's answer to one image, matched with the annotation.

    Attributes:
        name: model or run.
        labels: (H, W) predicted label image; None where the prediction failed.
        matched_true: annotated labels that were found.
        matched_pred: predicted labels that found them.
        f1: of the whole image, in [0, 1]; NaN where undefined.
        ignored_true: annotated labels that the border rule leaves out of the score.
        ignored_pred: predicted labels that the border rule leaves out of the score.
    """

    name: str
    labels: LabelImage | None
    matched_true: frozenset[int]
    matched_pred: frozenset[int]
    f1: float
    ignored_true: frozenset[int] = frozenset()
    ignored_pred: frozenset[int] = frozenset()


@styled
def example_figure(image: Image, true: LabelImage, predictions: Sequence[Prediction], title: str) -> Figure:
    """Return the image alone, with the annotated outlines, and with those of each prediction by status.

    Of an image larger than 256 x 256 pixels the part with the most annotated objects is shown; the F1 in a panel's
    title is that of the whole image.

    Args:
        image: (H, W) or (H, W, C) in its own bit depth.
        true: (H, W) annotated label image.
        predictions: in the order in which they are to stand.
        title: above the figure.

    Raises:
        ValueError: if a label image differs in size from the image.
    """
    _check_sizes(image, true, predictions, title)
    place = window(true, _CROP)
    shown = tile(image, place, _SHOWN)
    titles = ["image", f"annotation: {np.count_nonzero(np.unique(true))} objects", *map(_title, predictions)]
    figure, panels = _grid(titles, shown)
    height, width = true.shape
    part = f" (part of {width} x {height} pixels)" if max(height, width) > _CROP else ""
    add_title(figure, f"{title}{part}")
    _draw(panels[1], true[place], None, _TRUE)
    for axes, prediction in zip(panels[2:], predictions, strict=True):
        _draw_prediction(axes, true, prediction, place)
    _add_legend(figure)
    return figure


def _check_sizes(image: Image, true: LabelImage, predictions: Sequence[Prediction], title: str) -> None:
    shapes = {"annotation": true.shape} | {p.name: p.labels.shape for p in predictions if p.labels is not None}
    for name, shape in shapes.items():
        if shape != image.shape[:2]:
            raise ValueError(f"{title}: the image is {image.shape[:2]}, but the labels of {name} are {shape}")


def _grid(titles: Sequence[str], shown: Tile) -> tuple[Figure, list[Axes]]:
    """Return a figure with a panel of each title, all of which show the tile."""
    n_panels = len(titles)
    rows = -(-n_panels // _COLUMNS)
    columns = -(-n_panels // rows)
    tall, wide = shown.rgb.shape[:2]
    # A narrow image must not push the titles of its panels into each other.
    wide = max(wide, _LETTER * max(map(len, titles)))
    figure = Figure(figsize=(max(440, (wide + 14) * columns) / DPI, ((tall + 34) * rows + 90) / DPI))
    panels = list(figure.subplots(rows, columns, squeeze=False).ravel())
    for axes in panels:
        axes.set_axis_off()
    for axes, title in zip(panels[:n_panels], titles, strict=True):
        axes.imshow(shown.rgb, extent=shown.extent, interpolation="antialiased")
        axes.set_title(title, loc="left", fontsize=8.5)
        axes.set_anchor("W")
    return figure, panels[:n_panels]


def _draw(axes: Axes, labels: LabelImage, only: frozenset[int] | None, look: tuple[str, Dash]) -> None:
    """Draw the outlines of some labels, or of all if `only` is None, in colour and dash."""
    outlines = object_outlines(labels)
    curves = [curve for label, part in outlines.items() if only is None or label in only for curve in part]
    draw_outlines(axes, curves, *look)


def _title(prediction: Prediction) -> str:
    if prediction.labels is None:
        return f"{shorten(prediction.name)}: failed"
    return f"{shorten(prediction.name)}: F1 " + ("undefined" if np.isnan(prediction.f1) else f"{prediction.f1:.3f}")


def _draw_prediction(axes: Axes, true: LabelImage, prediction: Prediction, place: Window) -> None:
    if prediction.labels is None:
        axes.set_title(_title(prediction), loc="left", fontsize=8.5, color=VERMILLION, fontweight="bold")
        return
    for status, (labels, members) in _by_status(true, prediction.labels, prediction).items():
        _draw(axes, labels[place], members, _STATUS[status])


def _by_status(
    true: LabelImage, pred: LabelImage, prediction: Prediction
) -> dict[str, tuple[LabelImage, frozenset[int]]]:
    """Return for each status the label image that holds its objects and their labels, what matters most at the end."""
    return {
        "ignored": (pred, prediction.ignored_pred),
        "missed": (true, _present(true) - prediction.matched_true - prediction.ignored_true),
        "spurious": (pred, _present(pred) - prediction.matched_pred - prediction.ignored_pred),
        "matched": (pred, prediction.matched_pred - prediction.ignored_pred),
    }


def _present(labels: LabelImage) -> frozenset[int]:
    return frozenset(np.unique(labels).tolist()) - {0}


def _add_legend(figure: Figure) -> None:
    entries = {"annotated": _TRUE} | {meaning: _STATUS[status] for status, meaning in _MEANING.items()}
    lines = [
        Line2D([], [], color=colour, linestyle=dash, linewidth=1.8, label=name)
        for name, (colour, dash) in entries.items()
    ]
    figure.legend(handles=lines, loc="outside lower left", ncols=2 if figure.get_figwidth() < 9 else 5, fontsize=8)
