"""Crops of the training images: every modality has its say, cells are rarely missed."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_ON_OBJECT = 0.75


def balanced(modalities: Sequence[str]) -> npt.NDArray[np.float64]:
    """Return the probability of each image: a modality is drawn by the square root of its share."""
    _, inverse, counts = np.unique(np.asarray(modalities), return_inverse=True, return_counts=True)
    weights = 1 / np.sqrt(counts[inverse])
    normalised: npt.NDArray[np.float64] = weights / weights.sum()
    return normalised


def crop(maps: npt.NDArray[np.uint8], side: int, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Return a random square of an image and its classes, turned and mirrored at random.

    Three squares of four are centred on a pixel of an object, if there is one. What is smaller than the square is
    mirrored at its edges.

    Args:
        maps: (H, W, C) uint8; the last channel is 0 outside the objects.
        side: of the square, in pixels.
        rng: where all randomness comes from.

    Returns:
        (side, side, C) uint8.
    """
    inside = np.flatnonzero(maps[..., -1]) if rng.random() < _ON_OBJECT else np.empty(0, np.int64)
    place = int(rng.choice(inside)) if inside.size else int(rng.integers(maps.shape[0] * maps.shape[1]))
    centre = divmod(place, maps.shape[1])
    rows, columns = (_window(point, side, n) for point, n in zip(centre, maps.shape[:2], strict=True))
    turned = np.rot90(maps[np.ix_(rows, columns)], int(rng.integers(4)))
    return np.ascontiguousarray(turned[:, ::-1] if rng.random() < 0.5 else turned)


def _window(point: int, side: int, n: int) -> npt.NDArray[np.int64]:
    """Return `side` positions around a point, moved into [0, n), or folded back into it where n is too small."""
    start = min(max(point - side // 2, 0), n - side) if n >= side else point - side // 2
    folded = (start + np.arange(side)) % (2 * n)
    return np.where(folded < n, folded, 2 * n - 1 - folded)
