"""One-to-one assignment of touching objects, sparse: one connected component of the candidate pairs at a time."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, min_weight_full_bipartite_matching

Indices = npt.NDArray[np.intp]
Values = npt.NDArray[np.float64]
Costs = Callable[[Indices, int], Values]
"""Of some candidates, and of the most of them that can be kept: what each costs, in (0, 2); leaving it out costs 2."""


def most_pairs(true: Indices, pred: Indices, iou: Values) -> Indices:
    """Return which candidate pairs an assignment keeps that has the most pairs; ties go to the larger sum of IoU.

    Args:
        true: (k,) index of the annotated object of each candidate.
        pred: (k,) index of the predicted object of each candidate.
        iou: (k,) IoU of each candidate.

    Returns:
        Positions in [0, k), ascending.
    """
    # One more pair outweighs any gain in IoU, of which there is at most 1 per pair.
    return _assigned(true, pred, lambda members, n_pairs: 1 - iou[members] / (2 * n_pairs))


def largest_iou(true: Indices, pred: Indices, iou: Values, intersection: Values) -> Indices:
    """Return which candidate pairs an assignment keeps that has the largest sum of IoU; ties go to more common pixels.

    Args:
        true: (k,) index of the annotated object of each candidate.
        pred: (k,) index of the predicted object of each candidate.
        iou: (k,) IoU of each candidate.
        intersection: (k,) pixels that both have in common.

    Returns:
        Positions in [0, k), ascending.
    """
    # Objects do not overlap. Without a pair of IoU v its objects gain most where each has a partner inside it, at
    # most 2 (1 - v) / (1 + v) together, which is less than v if v > 0.562: such a pair is in every best assignment.
    certain = iou > 0.57
    open_ = ~(np.isin(true, true[certain]) | np.isin(pred, pred[certain]))
    candidates = np.flatnonzero(open_)
    largest = max(float(intersection.max(initial=1)), 1.0)
    worth = iou + 1e-9 * intersection / largest
    kept = _assigned(true[open_], pred[open_], lambda members, _: 2 - worth[candidates[members]] / 2)
    return np.sort(np.concatenate([np.flatnonzero(certain), candidates[kept]]))


def _assigned(true: Indices, pred: Indices, costs: Costs) -> Indices:
    disputed = (np.bincount(true, minlength=1)[true] > 1) | (np.bincount(pred, minlength=1)[pred] > 1)
    contested = np.flatnonzero(disputed)
    component = _components(true[contested], pred[contested])
    order = np.argsort(component, kind="stable")
    ends = np.flatnonzero(np.diff(component[order])) + 1
    groups = [members for members in np.split(contested[order], ends) if members.size]
    kept = [_of_component(true[members], pred[members], members, costs) for members in groups]
    return np.sort(np.concatenate([np.flatnonzero(~disputed), *kept]))


def _components(true: Indices, pred: Indices) -> Indices:
    """Return the number of the connected component that each candidate pair belongs to."""
    n_true = int(true.max(initial=-1)) + 1
    n_objects = n_true + int(pred.max(initial=-1)) + 1
    graph = coo_array((np.ones(len(true), np.int8), (true, pred + n_true)), shape=(n_objects, n_objects))
    return np.asarray(connected_components(graph, directed=False)[1], np.intp)[true]


def _of_component(true: Indices, pred: Indices, members: Indices, costs: Costs) -> Indices:
    rows, i = np.unique(true, return_inverse=True)
    columns, j = np.unique(pred, return_inverse=True)
    # The solver wants every row assigned, so each has a column of its own that stands for "no partner".
    alone = np.arange(len(rows))
    cost = np.concatenate([costs(members, min(len(rows), len(columns))), np.full(len(rows), 2.0)])
    ends = (np.concatenate([i, alone]), np.concatenate([j, len(columns) + alone]))
    graph = csr_array((cost, ends), shape=(len(rows), len(columns) + len(rows)))
    row, column = min_weight_full_bipartite_matching(graph)
    partner = np.full(len(rows), -1, np.intp)
    partner[row] = column
    kept: Indices = members[partner[i] == j]
    return kept
