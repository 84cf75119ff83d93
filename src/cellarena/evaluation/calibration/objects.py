"""Calibration of objects: whether a predicted object is as likely to be right as it is sure."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cellarena.evaluation.calibration.pixel_counts import scaled_log_probabilities
from cellarena.evaluation.calibration.pixels import N_BINS
from cellarena.evaluation.matching import SparsePairs, match
from cellarena.images.io import LabelImage
from cellarena.images.probabilities import Codes, log_probabilities

Values = npt.NDArray[np.float64]

IOU = 0.5
PRECISION = 0.9
"""The precision whose coverage is told."""


@dataclass(frozen=True, eq=False)
class Objects:
    """Predicted objects.

    Attributes:
        image: (k,) index of the image of each, ascending.
        confidence: (k,) mean probability of interior or boundary over its pixels, in [0, 1].
        matched: (k,) whether it matches an annotated object at IoU 0.5.
        n_images: how many images there are, those without a predicted object included.
    """

    image: npt.NDArray[np.intp]
    confidence: Values
    matched: npt.NDArray[np.bool_]
    n_images: int


def matched_objects(inner: SparsePairs) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return the labels of the predicted objects that are judged, and which match an annotated one at IoU 0.5.

    Objects that touch the border of the image count on neither side, as in the scores that models are ranked by;
    `inner` are those clear of it.
    """
    matched = np.zeros(inner.n_pred, bool)
    matched[match(inner, IOU).pred] = True
    return inner.pred_labels.astype(np.int64), matched


def object_confidences(labels: LabelImage, codes: Codes, temperature: float) -> Values:
    """Return the mean probability of interior or boundary inside each object, in the order of their labels.

    Args:
        labels: (H, W) label image.
        codes: (H, W) probabilities as `images.probabilities` encodes them.
        temperature: above 0; 1 leaves the probabilities as they are.
    """
    background = np.exp(scaled_log_probabilities(log_probabilities(), temperature)[:, 0])
    inside = labels > 0
    present, owner = np.unique(labels[inside], return_inverse=True)
    total = np.bincount(owner, 1 - background[codes[inside]], minlength=len(present))
    return np.clip(total / np.maximum(np.bincount(owner, minlength=len(present)), 1), 0, 1)


@dataclass(frozen=True, eq=False)
class Ranked:
    """Objects by falling confidence, those of equal confidence together, for r weightings of the images.

    Attributes:
        confidence: (g,) of each group, falling.
        right: (r, g) weight of the matched objects of each group.
        wrong: (r, g) weight of the others.
    """

    confidence: Values
    right: Values
    wrong: Values

    @property
    def n(self) -> Values:
        """(r, g) weight of all objects of each group."""
        return self.right + self.wrong


def ranked(objects: Objects, weights: Values) -> Ranked:
    """Return objects by falling confidence; image j counts weights[i, j] times in row i, weights is (r, n_images)."""
    levels, group = np.unique(-objects.confidence, return_inverse=True)
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(len(levels)))
    weight = weights[:, objects.image[order]]
    right = np.where(objects.matched[order], weight, 0)
    if not len(levels):
        return Ranked(-levels, right, weight)
    grouped = (np.add.reduceat(part, starts, axis=1) for part in (right, weight - right))
    return Ranked(-levels, *grouped)


def object_ece(objects: Ranked) -> Values:
    """Return the expected calibration error of the confidences in 15 bins of equal width."""
    bins = np.minimum((objects.confidence * N_BINS).astype(np.intp), N_BINS - 1)
    gap = objects.n * objects.confidence - objects.right
    by_bin = np.stack([gap[:, bins == k].sum(axis=1) for k in range(N_BINS)], axis=-1)
    return _ratio(np.abs(by_bin).sum(axis=1), objects.n.sum(axis=1))


def object_brier(objects: Ranked) -> Values:
    """Return the mean squared distance of the confidences to matched (1) or not (0)."""
    squares = objects.right * (1 - objects.confidence) ** 2 + objects.wrong * objects.confidence**2
    return _ratio(squares.sum(axis=1), objects.n.sum(axis=1))


def auroc(objects: Ranked) -> Values:
    """Return how often a matched object is surer than another, ties counted half; NaN where one kind is missing."""
    right, wrong = objects.right.sum(axis=1), objects.wrong.sum(axis=1)
    less_sure = wrong[:, None] - np.cumsum(objects.wrong, axis=1)
    wins = (objects.right * (less_sure + objects.wrong / 2)).sum(axis=1)
    return _ratio(wins, right * wrong)


def aurc(objects: Ranked) -> Values:
    """Return the area under the risk-coverage curve: the mean risk over all coverages (Geifman and El-Yaniv 2017)."""
    coverage, risk = risk_coverage(objects)
    widths = np.diff(coverage, axis=1, prepend=0)
    return np.where(objects.n.sum(axis=1) > 0, (widths * risk).sum(axis=1), np.nan)


def coverage_at_precision(objects: Ranked) -> Values:
    """Return the largest share of the objects, the surest first, of which 90 % match; 0 if there is none."""
    coverage, risk = risk_coverage(objects)
    reached = np.where(risk <= 1 - PRECISION + 1e-12, coverage, 0)
    return np.where(objects.n.sum(axis=1) > 0, reached.max(axis=1, initial=0), np.nan)


def object_precision(objects: Ranked) -> Values:
    """Return the share of the objects that match."""
    return _ratio(objects.right.sum(axis=1), objects.n.sum(axis=1))


def risk_coverage(objects: Ranked) -> tuple[Values, Values]:
    """Return the share of the objects that are at least as sure as each group, and the share of these that match none.

    Returns:
        Coverage and risk, both (r, g). Risk says nothing of annotated objects that were missed.
    """
    kept = np.cumsum(objects.n, axis=1)
    risk = np.cumsum(objects.wrong, axis=1) / np.where(kept > 0, kept, 1)
    return kept / np.where(kept[:, -1:] > 0, kept[:, -1:], 1), risk


METRICS: dict[str, Callable[[Ranked], Values]] = {
    "ece": object_ece,
    "brier": object_brier,
    "auroc": auroc,
    "aurc": aurc,
    "coverage_at_90_precision": coverage_at_precision,
    "precision": object_precision,
}
"""By name; each takes ranked objects of r weightings and returns (r,) values, NaN where undefined."""


def _ratio(value: Values, n: Values) -> Values:
    return np.where(n > 0, value / np.where(n > 0, n, 1), np.nan)
