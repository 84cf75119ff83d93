"""Annotation and prediction of an image pixel by pixel."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from cellarena.images.io import LabelImage
from cellarena.images.labels import boundary_band, inner_boundary

Pixels = npt.NDArray[np.bool_]

BAND = 2
"""Thickness in pixels of the class boundary, as in the challenge's three-class target."""


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


def _counts(true: Pixels, pred: Pixels) -> Counts:
    return Counts(*(int(np.count_nonzero(pixels)) for pixels in (true, pred, true & pred)))
