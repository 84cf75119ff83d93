"""What became of every object: exactly one category for each annotated and each predicted one.

The categories follow the errors of Caicedo et al. (Cytometry A 2019, doi 10.1002/cyto.a.23863), and the idea that they
exclude each other TIDE (Bolya et al., ECCV 2020, doi 10.1007/978-3-030-58580-8_33).
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from cellarena.evaluation.assignment import Indices, Values
from cellarena.evaluation.matching import SparsePairs, match

THRESHOLD = 0.5
"""The smallest IoU of a match: that by which models are ranked."""
OVERLAPS = 0.1
"""The smallest IoU at which two objects are the same one, badly localised."""

MATCH, MERGE, SPLIT, TANGLE = "match", "merge", "split", "merge+split"
POOR, MISSED, SPURIOUS = "poor localisation", "missed", "spurious"
CATEGORIES = (MATCH, MERGE, SPLIT, TANGLE, POOR, MISSED, SPURIOUS)
ERRORS = CATEGORIES[1:]
OF_TRUE = CATEGORIES[:-1]
"""The categories that an annotated object can have; a predicted one is spurious instead of missed."""

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Side:
    """What became of the objects of one of the two label images; position is rank among the labels.

    Attributes:
        label: (n,) labels, ascending.
        category: (n,) of CATEGORIES.
        partners: for each object the labels of the other image's objects that make it what it is, ascending.
        iou: (n,) IoU with the partner of a match or a badly localised object, of any other the largest with any object.
        event: (n,) number, within the category, of the error that the object is part of: all objects that one predicted
            object merges have one number.
    """

    label: npt.NDArray[Any]
    category: npt.NDArray[np.str_]
    partners: list[tuple[int, ...]]
    iou: Values
    event: Indices


@dataclass(frozen=True, eq=False)
class _Graph:
    """Touching objects as a graph; annotated objects are the nodes below n_true, predicted ones those above."""

    a: Indices
    b: Indices
    iou: Values
    pairs: SparsePairs

    @property
    def n(self) -> int:
        return self.pairs.n_true + self.pairs.n_pred


def categorize(pairs: SparsePairs) -> tuple[Side, Side]:
    """Return the category of every annotated and every predicted object.

    It is the first of these that applies:

    1. match: one-to-one at IoU >= 0.5, as it is scored.
    2. merge, split or merge+split. A predicted object that holds at least half of the area of two or more annotated
       ones merges them; an annotated one that holds at least half of the area of two or more predicted ones is split
       into them. Objects that are connected through both are merge+split; a match does not connect.
    3. poor localisation: one-to-one at IoU >= 0.1 among the objects that are left.
    4. missed (annotated) or spurious (predicted).

    Args:
        pairs: which objects overlap.

    Returns:
        The annotated and the predicted objects.
    """
    graph = _Graph(pairs.true, pairs.pred + pairs.n_true, pairs.iou, pairs)
    merges, splits = _merges_and_splits(graph)

    category = np.repeat(np.array([MISSED, SPURIOUS], "<U20"), [pairs.n_true, pairs.n_pred])
    event = np.arange(graph.n)
    matched = _pair_up(graph, np.ones(len(graph.a), bool), THRESHOLD)
    _mark(graph, matched, MATCH, category, event)
    tangled = _assign_tangles(graph, matched, merges, splits, category, event)
    left = ~np.isin(category, (MATCH, MERGE, SPLIT, TANGLE))
    poor = _pair_up(graph, left[graph.a] & left[graph.b], OVERLAPS)
    _mark(graph, poor, POOR, category, event)

    paired = matched | poor
    iou = _best_iou(graph, paired)
    partners = _partners(graph, paired, tangled, np.concatenate([pairs.true_labels, pairs.pred_labels]), category)
    n = pairs.n_true
    return (
        Side(pairs.true_labels, category[:n], partners[:n], iou[:n], event[:n]),
        Side(pairs.pred_labels, category[n:], partners[n:], iou[n:], event[n:]),
    )


def _merges_and_splits(graph: _Graph) -> tuple[Flags, Flags]:
    """Return which edges make a predicted object merge several annotated ones, and an annotated one be split."""
    pairs = graph.pairs
    merges = 2 * pairs.intersection >= pairs.true_area[pairs.true]
    splits = 2 * pairs.intersection >= pairs.pred_area[pairs.pred]
    merges &= np.bincount(graph.b[merges], minlength=graph.n)[graph.b] > 1
    splits &= np.bincount(graph.a[splits], minlength=graph.n)[graph.a] > 1
    return merges, splits


def _pair_up(graph: _Graph, candidates: Flags, threshold: float) -> Flags:
    """Return which edges an optimal one-to-one matching among the candidates keeps."""
    pairs, among = graph.pairs, np.flatnonzero(candidates)
    some = replace(pairs, true=pairs.true[among], pred=pairs.pred[among], intersection=pairs.intersection[among])
    found = match(some, threshold)
    partner = np.full(pairs.n_true, -1, np.intp)
    partner[found.true] = found.pred
    return np.asarray(partner[pairs.true] == pairs.pred)


def _mark(graph: _Graph, edges: Flags, name: str, category: npt.NDArray[np.str_], event: Indices) -> None:
    a, b = graph.a[edges], graph.b[edges]
    category[a] = category[b] = name
    event[a] = event[b] = a


def _assign_tangles(
    graph: _Graph, matched: Flags, merges: Flags, splits: Flags, category: npt.NDArray[np.str_], event: Indices
) -> Flags:
    """Give unmatched objects that are merged or split their category; return the edges that made them so."""
    tangled = (merges | splits) & ~matched
    a, b = graph.a[tangled], graph.b[tangled]
    edges = coo_array((np.ones(len(a), np.int8), (a, b)), shape=(graph.n, graph.n))
    component = np.asarray(connected_components(edges, directed=False)[1], np.intp)
    n_merges = np.bincount(component[graph.b[merges & tangled]], minlength=graph.n)
    n_splits = np.bincount(component[graph.a[splits & tangled]], minlength=graph.n)
    members = np.unique(np.concatenate([a, b]))
    members = members[category[members] != MATCH]
    merged, is_split = n_merges[component[members]] > 0, n_splits[component[members]] > 0
    category[members] = np.select([merged & is_split, merged], [TANGLE, MERGE], SPLIT)
    event[members] = component[members]
    return tangled


def _best_iou(graph: _Graph, paired: Flags) -> Values:
    best = np.zeros(graph.n)
    for ends in (graph.a, graph.b):
        np.maximum.at(best, ends, graph.iou)
    best[graph.a[paired]] = best[graph.b[paired]] = graph.iou[paired]
    return best


def _partners(
    graph: _Graph, paired: Flags, tangled: Flags, label: npt.NDArray[Any], category: npt.NDArray[np.str_]
) -> list[tuple[int, ...]]:
    """Return the labels of every object's partners: its one partner if it is paired, else those of its tangle."""
    partners: list[list[int]] = [[] for _ in range(graph.n)]
    is_paired = np.isin(category, (MATCH, POOR))
    for edge in np.flatnonzero(paired | tangled):
        for one, other in ((graph.a[edge], graph.b[edge]), (graph.b[edge], graph.a[edge])):
            if paired[edge] or not is_paired[one]:
                partners[one].append(int(label[other]))
    return [tuple(sorted(some)) for some in partners]
