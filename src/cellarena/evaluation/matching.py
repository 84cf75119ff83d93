"""Which predicted object is which annotated one: sparse IoU, then one-to-one matching at a threshold."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from cellarena.evaluation.assignment import Indices, Values, most_pairs
from cellarena.images.io import LabelImage
from cellarena.images.labels import border_labels

Labels = npt.NDArray[Any]

# Up to this many labels a pixel a table of all labels is smaller than sorting is slow.
_DENSE = 4


@dataclass(frozen=True, eq=False)
class SparsePairs:
    """The overlap of every annotated object with every predicted one that it touches.

    An object's index is its rank among the labels of its image: index 0 is the smallest label above 0.

    Attributes:
        true: (k,) index of the annotated object of each touching pair, in [0, n_true).
        pred: (k,) index of the predicted object of each touching pair, in [0, n_pred).
        intersection: (k,) pixels that both have in common, at least 1.
        true_labels: (n_true,) label of every annotated object, ascending, those without a pair included.
        pred_labels: (n_pred,) label of every predicted object.
        true_area: (n_true,) pixels of every annotated object.
        pred_area: (n_pred,) pixels of every predicted object.
    """

    true: Indices
    pred: Indices
    intersection: Values
    true_labels: Labels
    pred_labels: Labels
    true_area: Values
    pred_area: Values

    @property
    def n_true(self) -> int:
        """Number of annotated objects."""
        return len(self.true_labels)

    @property
    def n_pred(self) -> int:
        """Number of predicted objects."""
        return len(self.pred_labels)

    @cached_property
    def union(self) -> Values:
        """(k,) pixels of either object of each pair."""
        total: Values = self.true_area[self.true] + self.pred_area[self.pred]
        return total - self.intersection

    @cached_property
    def iou(self) -> Values:
        """(k,) intersection over union of each pair, in (0, 1]."""
        return self.intersection / self.union


@dataclass(frozen=True, eq=False)
class Matching:
    """The one-to-one pairs that count as found at one IoU threshold; the indices are those of `SparsePairs`.

    Attributes:
        true: (tp,) index of the annotated object of each pair, ascending.
        pred: (tp,) index of the predicted object of each pair.
        iou: (tp,) IoU of each pair, at least the threshold.
        n_true: number of annotated objects.
        n_pred: number of predicted objects.
    """

    true: Indices
    pred: Indices
    iou: Values
    n_true: int
    n_pred: int

    @property
    def tp(self) -> int:
        """Number of objects found."""
        return len(self.true)

    @property
    def fp(self) -> int:
        """Number of predicted objects that match none annotated."""
        return self.n_pred - self.tp

    @property
    def fn(self) -> int:
        """Number of annotated objects that were missed."""
        return self.n_true - self.tp


def iou_pairs(true: LabelImage, pred: LabelImage) -> SparsePairs:
    """Return the overlap and IoU of every annotated object with every predicted one that it touches.

    Time and memory grow with pixels and touching pairs, never with n_true x n_pred.

    Args:
        true: (H, W) label image; 0 is background, labels need not be consecutive.
        pred: (H, W) label image of the same shape.

    Returns:
        One row per touching pair, sorted by true index, then by pred index.

    Raises:
        ValueError: if the shapes differ or an image is no label image (not integer, or negative).
    """
    refuse_unlike(true, pred)
    true_runs, pred_runs, lengths = _runs(true.ravel(), pred.ravel())
    true_index, true_labels, true_area = _objects(true_runs, lengths)
    pred_index, pred_labels, pred_area = _objects(pred_runs, lengths)
    touching = (true_runs > 0) & (pred_runs > 0)
    n_pred = max(len(pred_labels), 1)
    keys, inverse = np.unique(true_index[touching] * n_pred + pred_index[touching], return_inverse=True)
    intersection = _summed(inverse, lengths[touching], len(keys))
    i, j = np.divmod(keys, n_pred)
    return SparsePairs(i, j, intersection, true_labels, pred_labels, true_area, pred_area)


def without_border_pairs(pairs: SparsePairs, true: LabelImage, pred: LabelImage, width: int = 2) -> SparsePairs:
    """Return what `iou_pairs` returns for both images without the objects that touch their outer frame.

    Args:
        pairs: what `iou_pairs(true, pred)` returned.
        true: (H, W) label image.
        pred: (H, W) label image.
        width: thickness of the frame in pixels.
    """
    true_kept = ~np.isin(pairs.true_labels, border_labels(true, width))
    pred_kept = ~np.isin(pairs.pred_labels, border_labels(pred, width))
    kept = true_kept[pairs.true] & pred_kept[pairs.pred]
    return SparsePairs(
        true=(np.cumsum(true_kept) - 1)[pairs.true[kept]],
        pred=(np.cumsum(pred_kept) - 1)[pairs.pred[kept]],
        intersection=pairs.intersection[kept],
        true_labels=pairs.true_labels[true_kept],
        pred_labels=pairs.pred_labels[pred_kept],
        true_area=pairs.true_area[true_kept],
        pred_area=pairs.pred_area[pred_kept],
    )


def match(pairs: SparsePairs, threshold: float) -> Matching:
    """Return a one-to-one matching with the most pairs of IoU >= threshold; ties go to the larger sum of IoU.

    Above 0.5 an object has at most one partner, so that nothing is to be decided; at 0.5 and below the objects in
    dispute are assigned optimally, as in the NeurIPS 2022 Cell Segmentation Challenge and in StarDist, one connected
    component of the candidate pairs at a time.

    Args:
        pairs: IoU of touching objects.
        threshold: smallest IoU of a match, in (0, 1].

    Returns:
        The pairs, sorted by true index.

    Raises:
        ValueError: if the threshold is outside (0, 1].
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"IoU threshold {threshold} is outside (0, 1]")
    candidates = np.flatnonzero(pairs.iou >= threshold)
    if threshold <= 0.5:
        candidates = candidates[most_pairs(pairs.true[candidates], pairs.pred[candidates], pairs.iou[candidates])]
    return Matching(pairs.true[candidates], pairs.pred[candidates], pairs.iou[candidates], pairs.n_true, pairs.n_pred)


def refuse_unlike(true: LabelImage, pred: LabelImage) -> None:
    """Do nothing if both are label images of the same shape.

    Raises:
        ValueError: if the shapes differ, or an image is no (H, W) array of integers from 0.
    """
    _refuse_other_than_labels(true, "annotation")
    _refuse_other_than_labels(pred, "prediction")
    if true.shape != pred.shape:
        raise ValueError(f"annotation has shape {true.shape}, prediction {pred.shape}: they must be the same image")


def _refuse_other_than_labels(labels: LabelImage, name: str) -> None:
    if labels.ndim != 2:
        raise ValueError(f"{name} has shape {labels.shape}: a label image has height and width only")
    if labels.dtype.kind not in "iu":
        raise ValueError(f"{name} is {labels.dtype}: a label image holds integers, one number per object")
    if labels.size and labels.min() < 0:
        raise ValueError(f"{name} holds the negative label {labels.min()}: labels are at least 0")


def _runs(true: LabelImage, pred: LabelImage) -> tuple[npt.NDArray[Any], npt.NDArray[Any], Indices]:
    """Return both labels and the length of every stretch of pixels on which neither changes: far fewer than pixels."""
    changes = true[1:] != true[:-1]
    changes |= pred[1:] != pred[:-1]
    starts = np.flatnonzero(changes) + 1
    starts = np.concatenate([np.zeros(min(1, true.size), np.intp), starts])
    return true[starts], pred[starts], np.diff(starts, append=true.size)


def _objects(labels: npt.NDArray[Any], lengths: Indices) -> tuple[Indices, Labels, Values]:
    """Return the object index of every run (any in the background), and label and area in pixels of every object."""
    largest = int(labels.max(initial=0))
    if largest <= _DENSE * int(lengths.sum()):
        signed = labels.astype(np.intp)
        area = _summed(signed, lengths, 1)
        values = np.flatnonzero(area[1:]) + 1
        rank = np.zeros(largest + 1, np.intp)
        rank[values] = np.arange(len(values))
        return rank[signed], values.astype(labels.dtype), area[values]
    values, inverse = np.unique(labels, return_inverse=True)
    area = _summed(inverse, lengths, len(values))
    first = int(values[0] == 0)
    return inverse.astype(np.intp) - first, values[first:], area[first:]


def _summed(groups: Indices, lengths: Indices, n_groups: int) -> Values:
    return np.bincount(groups, weights=lengths, minlength=n_groups).astype(np.float64)
