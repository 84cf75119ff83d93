"""Metrics of pixels: the foreground, its interior and boundary, and whether outlines are found."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from cellarena.evaluation.metrics import on_pixels
from cellarena.images.io import LabelImage
from cellarena.images.labels import boundary_band, inner_boundary

Pixels = npt.NDArray[np.bool_]

BAND = 2
"""Thickness in pixels of the class boundary, as in the challenge's three-class target."""
TOLERANCE = 2
"""Distance in pixels within which a boundary counts as found."""


@dataclass(frozen=True)
class Counts:
    """Pixels of one class: in the annotation, in the prediction, in both."""

    true: int
    pred: int
    both: int

    @property
    def dice(self) -> float:
        """Dice coefficient, in [0, 1]; 1 if the class is on neither side."""
        return 2 * self.both / (self.true + self.pred) if self.true + self.pred else 1.0

    @property
    def iou(self) -> float:
        """Intersection over union, in [0, 1]; 1 if the class is on neither side."""
        union = self.true + self.pred - self.both
        return self.both / union if union else 1.0


@dataclass(frozen=True, eq=False)
class PixelPair:
    """Two label images of the same shape (H, W), and what several metrics ask of them, computed once.

    Foreground is every pixel of an object. Boundary is the foreground at most BAND steps (diagonal ones too) from a
    pixel labelled otherwise, interior is the rest of the foreground.
    """

    true: LabelImage
    pred: LabelImage

    @cached_property
    def foreground(self) -> Counts:
        """Pixels of objects."""
        return _counts(self.true > 0, self.pred > 0)

    @cached_property
    def classes(self) -> tuple[Counts, Counts]:
        """Pixels of the interior and of the boundary of objects."""
        true_band, pred_band = boundary_band(self.true, BAND), boundary_band(self.pred, BAND)
        interior = _counts((self.true > 0) & ~true_band, (self.pred > 0) & ~pred_band)
        return interior, _counts(true_band, pred_band)

    @cached_property
    def outlines(self) -> tuple[Pixels, Pixels]:
        """The pixels of objects with a differently labelled 4-neighbour, in both images."""
        return inner_boundary(self.true), inner_boundary(self.pred)


@on_pixels(failed=0.0)
def dice(pair: PixelPair) -> float:
    """Return the Dice coefficient of the foregrounds, in [0, 1]; 1 if both are empty."""
    return pair.foreground.dice


@on_pixels(failed=0.0)
def iou(pair: PixelPair) -> float:
    """Return the intersection over union of the foregrounds, in [0, 1]; 1 if both are empty."""
    return pair.foreground.iou


@on_pixels(failed=0.0)
def dice_interior(pair: PixelPair) -> float:
    """Return the Dice coefficient of the interiors, in [0, 1]; 1 if both are empty."""
    return pair.classes[0].dice


@on_pixels(failed=0.0)
def iou_interior(pair: PixelPair) -> float:
    """Return the intersection over union of the interiors, in [0, 1]; 1 if both are empty."""
    return pair.classes[0].iou


@on_pixels(failed=0.0)
def dice_boundary(pair: PixelPair) -> float:
    """Return the Dice coefficient of the boundaries, in [0, 1]; 1 if both are empty."""
    return pair.classes[1].dice


@on_pixels(failed=0.0)
def iou_boundary(pair: PixelPair) -> float:
    """Return the intersection over union of the boundaries, in [0, 1]; 1 if both are empty."""
    return pair.classes[1].iou


@on_pixels(failed=0.0)
def boundary_f1(pair: PixelPair) -> float:
    """Return F1 of the outlines of all objects, in [0, 1]; 1 if there is none on either side.

    A pixel of an outline is found if one of the other image's outlines is at most TOLERANCE pixels away (Euclidean).
    Csurka et al., "What is a good evaluation measure for semantic segmentation?", BMVC 2013, doi:10.5244/C.27.32, on
    outlines of objects instead of classes.
    """
    true, pred = pair.outlines
    n_true, n_pred = np.count_nonzero(true), np.count_nonzero(pred)
    if n_true == 0 or n_pred == 0:
        return float(n_true == n_pred)
    recall = np.count_nonzero(true & _grown(pred, TOLERANCE)) / n_true
    precision = np.count_nonzero(pred & _grown(true, TOLERANCE)) / n_pred
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _counts(true: Pixels, pred: Pixels) -> Counts:
    return Counts(*(int(np.count_nonzero(pixels)) for pixels in (true, pred, true & pred)))


def _grown(pixels: Pixels, radius: int) -> Pixels:
    """Return all pixels at most `radius` pixels (Euclidean) away; a few shifts are faster than a distance map."""
    height, width = pixels.shape
    padded = np.pad(pixels, radius)
    grown = np.zeros(pixels.shape, bool)
    for dy in range(-radius, radius + 1):
        for dx in range(-radius, radius + 1):
            if dy * dy + dx * dx <= radius * radius:
                grown |= padded[radius + dy : radius + dy + height, radius + dx : radius + dx + width]
    return grown
