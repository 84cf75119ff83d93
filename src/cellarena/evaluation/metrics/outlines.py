"""The distance of outlines: HD95, exact, in a time that grows with the outlines only."""

import numpy as np
import numpy.typing as npt

from cellarena.evaluation.metrics import on_pixels
from cellarena.evaluation.pixel_pair import PixelPair, Pixels

Points = npt.NDArray[np.intp]

_NEAR = 6
"""Up to this distance in pixels looking is faster than a tree."""
_OFFSETS = sorted(
    (dy * dy + dx * dx, dy, dx)
    for dy in range(-_NEAR, _NEAR + 1)
    for dx in range(-_NEAR, _NEAR + 1)
    if 0 < dy * dy + dx * dx <= _NEAR * _NEAR
)


@on_pixels(failed=np.nan)
def hd95(pair: PixelPair) -> float:
    """Return the 95th percentile Hausdorff distance of the outlines of all objects, in pixels; NaN if a side has none.

    The larger of the two directed 95th percentiles (linear interpolation) of the Euclidean distance from a pixel of
    the one outline to the nearest of the other.
    """
    true, pred = pair.outlines
    if not true.any() or not pred.any():
        return np.nan
    return max(_directed_hd95(true, pred), _directed_hd95(pred, true))


def _directed_hd95(source: Pixels, target: Pixels) -> float:
    n_source = int(np.count_nonzero(source))
    # The percentile lies between two neighbours in the order of distances; what is farther need not be known.
    n_needed = min(int(0.95 * (n_source - 1)) + 2, n_source)
    near, rest = _near(np.argwhere(source & ~target), target, n_source - n_needed)
    distances = np.zeros(n_source)
    if len(rest):
        distances[n_source - len(rest) :] = np.inf if len(rest) <= n_source - n_needed else _farther(rest, target)
    distances[: len(near)] = near
    return float(np.percentile(distances, 95))


def _near(points: Points, target: Pixels, n_enough: int) -> tuple[npt.NDArray[np.float64], Points]:
    """Return the distances of near points to the target, and the points that remain.

    Args:
        points: (n, 2) row and column, none of them in the target.
        target: (H, W).
        n_enough: the search may end when no more points than these remain.
    """
    padded = np.pad(target, _NEAR)
    found = []
    for squared, dy, dx in _OFFSETS:
        if len(points) <= n_enough:
            break
        hit = padded[points[:, 0] + (_NEAR + dy), points[:, 1] + (_NEAR + dx)]
        found.append(np.full(np.count_nonzero(hit), np.sqrt(squared)))
        points = points[~hit]
    return np.concatenate([np.zeros(0), *found]), points


def _farther(points: Points, target: Pixels) -> npt.NDArray[np.float64]:
    from scipy.spatial import KDTree

    tree = KDTree(np.argwhere(target), balanced_tree=False, compact_nodes=False)
    return np.asarray(tree.query(points)[0], np.float64)
