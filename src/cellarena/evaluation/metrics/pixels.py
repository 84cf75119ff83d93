"""Metrics of pixels: the foreground, its interior and boundary, and whether outlines are found."""

import numpy as np

from cellarena.evaluation.metrics import on_pixels
from cellarena.evaluation.pixel_pair import PixelPair, Pixels

TOLERANCE = 2
"""Distance in pixels within which a boundary counts as found."""


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
