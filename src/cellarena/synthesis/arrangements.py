"""How the objects of a label image lie: how many there are, how large, how far apart, which the frame cuts."""

import heapq
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cellarena.images.io import LabelImage
from cellarena.images.labels import consecutive, without_border_objects
from cellarena.images.neighbours import contacts, zone_steps
from cellarena.synthesis.moments import moments

TOUCHING = 1.5
"""Objects whose nearest pixels are less than this apart (px between centres) have neighbouring pixels."""
GRID = 4
"""The frame's rows and columns of cells in which objects are counted."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Arrangement:
    """The objects of a label image as a tree: each hangs on the nearest of those before it.

    It is a minimum spanning tree in the order of Prim (1957, doi:10.1002/j.1538-7305.1957.tb01515.x): no object is
    nearer to one before it than its gap. Clusters, contacts and the room between them are in the gaps.

    Attributes:
        size: height and width of the frame in pixels.
        areas: (n,) pixels of each object in the frame.
        angles: (n,) of its long axis, as in `Moments`.
        elongations: (n,) length over width.
        cut: (n,) whether it reaches into the two outermost rows or columns.
        touching: (n,) whether it has an 8-neighbour in another object.
        parents: (n,) place in these arrays of the object it hangs on; -1 for the first.
        gaps: (n,) distance between nearest pixels of the two (px between centres); 1 if they touch, 0 for the first.
        contacts: (n,) length of the contact with the parent in pixels, about; 0 if they do not touch.
        crowding: (GRID, GRID) numbers of objects by the cell of the frame in which their centre lies.
    """

    size: tuple[int, int]
    areas: Ints
    angles: npt.NDArray[np.float64]
    elongations: npt.NDArray[np.float64]
    cut: npt.NDArray[np.bool_]
    touching: npt.NDArray[np.bool_]
    parents: Ints
    gaps: npt.NDArray[np.float64]
    contacts: Ints
    crowding: Ints


def windows(size: tuple[int, int], largest_side: int) -> Iterator[tuple[slice, slice]]:
    """Yield the windows, equal up to a pixel and none longer than `largest_side`, that a frame is divided into."""
    parts = (np.linspace(0, side, -(-side // largest_side) + 1).round().astype(int).tolist() for side in size)
    rows, columns = parts
    for top, bottom in itertools.pairwise(rows):
        for left, right in itertools.pairwise(columns):
            yield slice(top, bottom), slice(left, right)


def arrangement(labels: LabelImage) -> Arrangement:
    """Return how the objects of a label image lie.

    Args:
        labels: (H, W) integers, at least 0, of at least a pixel; labels need not be consecutive.
    """
    numbered = consecutive(labels).astype(np.int64)
    n = int(numbered.max())
    edges, touching = _edges(numbered, n)
    form = moments(numbered, n)
    order, parents, gaps = _tree(edges, form.centres, labels.shape[:2])
    hung = list(zip(order.tolist(), order[parents].tolist(), strict=True)) if n else []
    lengths = [edges[one].get(other, (0.0, 0))[1] for one, other in hung]
    crowding = np.zeros((GRID, GRID), np.int64)
    np.add.at(crowding, tuple(grid_cell(form.centres, labels.shape[:2]).T), 1)
    inner = np.isin(np.arange(1, n + 1), without_border_objects(numbered))
    return Arrangement(
        size=(labels.shape[0], labels.shape[1]),
        areas=np.bincount(numbered.ravel(), minlength=n + 1)[1:][order],
        angles=form.angles[order],
        elongations=form.elongations[order],
        cut=~inner[order],
        touching=touching[order],
        parents=parents,
        gaps=gaps,
        contacts=np.array(lengths, np.int64),
        crowding=crowding,
    )


def grid_cell(centres: npt.NDArray[np.float64], size: tuple[int, ...]) -> Ints:
    """Return row and column of the cell of the grid in which each of (n, 2) centres lies; those outside the nearest."""
    return np.asarray(np.clip(centres * GRID // np.array(size), 0, GRID - 1).astype(np.int64))


def _edges(numbered: Ints, n: int) -> tuple[list[dict[int, tuple[float, int]]], npt.NDArray[np.bool_]]:
    """Return for objects 0..n-1 the distance to, and the length of contact with, each neighbour; who touches any."""
    edges: list[dict[int, tuple[float, int]]] = [{} for _ in range(n)]
    touching = np.zeros(n, bool)
    if n < 2:
        return edges, touching
    place = ndimage.distance_transform_edt(numbered == 0, return_distances=False, return_indices=True)
    a, b, distance = zone_steps(numbered[place[0], place[1]], place)
    one, other = contacts(numbered)
    # A diagonal contact may lie beside the zones' borders, or seem longer from there.
    a, b = np.concatenate([a, one]), np.concatenate([b, other])
    length = np.concatenate([distance == 1, np.zeros(len(one), bool)])
    distance = np.concatenate([distance, np.ones(len(one))])
    pair, members = np.unique(np.minimum(a, b) * (n + 1) + np.maximum(a, b), return_inverse=True)
    shortest = np.full(len(pair), np.inf)
    np.minimum.at(shortest, members, distance)
    lengths = np.bincount(members, weights=length, minlength=len(pair)).astype(int)
    for low, high, gap, contact in zip(*(pair // (n + 1) - 1, pair % (n + 1) - 1), shortest, lengths, strict=True):
        touches = gap < TOUCHING
        edge = (1.0, max(int(contact), 1)) if touches else (float(gap), 0)
        edges[low][int(high)] = edges[high][int(low)] = edge
        touching[[low, high]] |= touches
    return edges, touching


def _tree(
    edges: list[dict[int, tuple[float, int]]], centres: npt.NDArray[np.float64], size: tuple[int, ...]
) -> tuple[Ints, Ints, npt.NDArray[np.float64]]:
    """Return the objects in Prim's order from the most central one, and of each the place of its parent and its gap."""
    order: list[int] = []
    places: dict[int, int] = {}
    parents, gaps = [], []
    if edges:
        first = int(np.hypot(*(centres - np.array(size) / 2).T).argmin())
        waiting = [(0.0, first, -1)]
        while waiting:
            gap, one, parent = heapq.heappop(waiting)
            if one in places:
                continue
            places[one] = len(order)
            order.append(one)
            parents.append(places.get(parent, -1))
            gaps.append(gap)
            for other, (distance, _) in edges[one].items():
                heapq.heappush(waiting, (distance, other, one))
    return np.array(order, np.int64), np.array(parents, np.int64), np.array(gaps, float)
