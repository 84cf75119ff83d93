"""Which predicted object is which annotated one: sparse IoU, then one-to-one matching at a threshold."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, min_weight_full_bipartite_matching

from cellarena.images.io import LabelImage

Indices = npt.NDArray[np.intp]
Values = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SparsePairs:
    """The IoU of every annotated object with every predicted one that it touches.

    An object's index is its rank among the labels of its image: index 0 is the smallest label above 0.

    Attributes:
        true: (k,) index of the annotated object, in [0, n_true).
        pred: (k,) index of the predicted object, in [0, n_pred).
        iou: (k,) intersection over union in pixels, in (0, 1].
        n_true: number of annotated objects, those without a pair included.
        n_pred: number of predicted objects, those without a pair included.
    """

    true: Indices
    pred: Indices
    iou: Values
    n_true: int
    n_pred: int


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
    """Return the IoU of every annotated object with every predicted one that it touches.

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
    true_index, true_area = _objects(true_runs, lengths)
    pred_index, pred_area = _objects(pred_runs, lengths)
    touching = (true_index >= 0) & (pred_index >= 0)
    keys, inverse = np.unique(true_index[touching] * max(len(pred_area), 1) + pred_index[touching], return_inverse=True)
    intersection = np.bincount(inverse, weights=lengths[touching], minlength=len(keys))
    i, j = np.divmod(keys, max(len(pred_area), 1))
    iou = intersection / (true_area[i] + pred_area[j] - intersection)
    return SparsePairs(i, j, iou, len(true_area), len(pred_area))


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
    chosen = candidates if threshold > 0.5 else np.sort(_assign(pairs, candidates))
    return Matching(pairs.true[chosen], pairs.pred[chosen], pairs.iou[chosen], pairs.n_true, pairs.n_pred)


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
    starts = np.flatnonzero((true[1:] != true[:-1]) | (pred[1:] != pred[:-1])) + 1
    starts = np.concatenate([np.zeros(min(1, true.size), np.intp), starts])
    return true[starts], pred[starts], np.diff(starts, append=true.size)


def _objects(labels: npt.NDArray[Any], lengths: Indices) -> tuple[Indices, Values]:
    """Return the object index of every run (-1 in the background) and the area of every object in pixels."""
    values, inverse = np.unique(labels, return_inverse=True)
    area = np.bincount(inverse, weights=lengths, minlength=len(values)).astype(np.float64)
    has_background = int(values.size > 0 and values[0] == 0)
    return inverse.astype(np.intp) - has_background, area[has_background:]


def _assign(pairs: SparsePairs, candidates: Indices) -> Indices:
    """Return those of the candidate pairs that an optimal assignment keeps."""
    true, pred = pairs.true[candidates], pairs.pred[candidates]
    disputed = (np.bincount(true, minlength=1)[true] > 1) | (np.bincount(pred, minlength=1)[pred] > 1)
    component = _components(true[disputed], pred[disputed], pairs)
    order = np.argsort(component, kind="stable")
    ends = np.flatnonzero(np.diff(component[order])) + 1
    contested = candidates[disputed][order]
    kept = [_assign_component(pairs, members) for members in np.split(contested, ends) if members.size]
    return np.concatenate([candidates[~disputed], *kept])


def _components(true: Indices, pred: Indices, pairs: SparsePairs) -> Indices:
    """Return the number of the connected component that each candidate pair belongs to."""
    n_objects = pairs.n_true + pairs.n_pred
    graph = coo_array((np.ones(len(true), np.int8), (true, pred + pairs.n_true)), shape=(n_objects, n_objects))
    return np.asarray(connected_components(graph, directed=False)[1], np.intp)[true]


def _assign_component(pairs: SparsePairs, members: Indices) -> Indices:
    rows, i = np.unique(pairs.true[members], return_inverse=True)
    columns, j = np.unique(pairs.pred[members], return_inverse=True)
    # One more pair outweighs any gain in IoU, of which there is at most 1 per pair; the solver wants every row
    # assigned, so each has a column of its own that stands for "no partner" at a cost above that of any pair.
    alone = np.arange(len(rows))
    paired_cost = 1 - pairs.iou[members] / (2 * min(len(rows), len(columns)))
    cost = np.concatenate([paired_cost, np.full(len(rows), 2.0)])
    ends = (np.concatenate([i, alone]), np.concatenate([j, len(columns) + alone]))
    graph = csr_array((cost, ends), shape=(len(rows), len(columns) + len(rows)))
    row, column = min_weight_full_bipartite_matching(graph)
    partner = np.full(len(rows), -1, np.intp)
    partner[row] = column
    kept: Indices = members[partner[i] == j]
    return kept
