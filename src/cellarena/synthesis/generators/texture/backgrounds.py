"""What an image would show without its cells, and where on it the objects of a layout look at home."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cellarena.images.io import LabelImage
from cellarena.synthesis.generators.texture.shapes import Field

# Holes are filled in tiles of this side, which look this far around them; so many places are tried for each.
_TILE, _AROUND, _TRIALS = 20, 6, 24
_ROUNDS = 3
# A place without background costs as much as one that differs by so many grey values.
_UNCOVERED = 100.0

Window = tuple[slice, slice]


def without_cells(image: npt.NDArray[np.uint8], labels: LabelImage, reach: int, rng: np.random.Generator) -> Field:
    """Return an image whose cells are filled with the background around them and the grain of background elsewhere.

    The slow part of the fill is the weighted mean of the background near by; the grain on it is copied, tile by tile,
    from the place of the image that continues what is known around the tile best (image quilting, Efros and Freeman
    2001, doi 10.1145/383259.383296, at random places).

    Args:
        image: (H, W, 3).
        labels: (H, W).
        reach: how many pixels beyond its outline a cell is still seen.
        rng: chooses the places that are tried.

    Returns:
        (H, W, 3) in 0..255; of one colour where the image has no background at all.
    """
    empty = ndimage.distance_transform_edt(labels == 0) > reach if labels.any() else np.ones(labels.shape, bool)
    pixels = image.astype(np.float32)
    if empty.all():
        return pixels
    if not empty.any():
        seen = pixels[labels == 0] if (labels == 0).any() else pixels.reshape(-1, 3)
        return np.broadcast_to(seen.mean(axis=0), pixels.shape).astype(np.float32)
    slow = slow_part(pixels, empty, float(reach))
    filled = np.where(empty[..., None], pixels, slow)
    known = empty.copy()
    for _ in range(_ROUNDS):
        for top in range(0, empty.shape[0], _TILE):
            for left in range(0, empty.shape[1], _TILE):
                _fill_tile(filled, slow, empty, known, (top, left), rng)
    return np.clip(filled, 0, 255)


def slow_part(pixels: Field, empty: npt.NDArray[np.bool_], sigma: float) -> Field:
    """Return the (H, W, 3) mean of the empty pixels near each, with ever wider windows where there are none.

    Args:
        pixels: (H, W, 3).
        empty: (H, W), at least one true.
        sigma: of the narrowest gaussian window, in pixels.
    """
    side = max(int(sigma / 2), 1)
    weights = empty.astype(np.float32)[..., None]
    sums = _block_sums(np.concatenate([pixels * weights, weights], axis=-1), side)
    mean = np.zeros((*sums.shape[:2], 3), np.float32)
    lacking = np.ones(sums.shape[:2], bool)
    width = sigma / side
    while lacking.any():
        blurred = ndimage.gaussian_filter(sums, (width, width, 0), mode="nearest")
        reached = lacking & (blurred[..., 3] > 0.05 * side**2)
        if width > 2 * max(lacking.shape):
            reached, blurred = lacking, np.broadcast_to(sums.sum(axis=(0, 1)), sums.shape)
        mean[reached] = blurred[reached][:, :3] / blurred[reached][:, 3:]
        lacking &= ~reached
        width *= 1.5
    # Block centres lie at (side - 1) / 2 + side * number.
    where = [(np.arange(n) - (side - 1) / 2) / side for n in empty.shape]
    grid = np.meshgrid(*where, indexing="ij")
    spread = [ndimage.map_coordinates(mean[..., c], grid, order=1, mode="nearest") for c in range(3)]
    return np.stack(spread, axis=-1)


def _block_sums(values: Field, side: int) -> Field:
    """Return the sums of an (H, W, C) field over blocks of a side; those at the end may be smaller."""
    for axis in (0, 1):
        values = np.add.reduceat(values, np.arange(0, values.shape[axis], side), axis=axis)
    return values


def _fill_tile(
    filled: Field,
    slow: Field,
    empty: npt.NDArray[np.bool_],
    known: npt.NDArray[np.bool_],
    corner: tuple[int, int],
    rng: np.random.Generator,
) -> None:
    """Copy grain into the pixels of a tile that have none, from the best of some places of the same image."""
    tile = tuple(slice(start, start + _TILE) for start in corner)
    if known[tile].all():
        return
    starts = [max(start - _AROUND, 0) for start in corner]
    stops = [min(start + _TILE + _AROUND, n) for start, n in zip(corner, empty.shape, strict=True)]
    here = (slice(starts[0], stops[0]), slice(starts[1], stops[1]))
    place = _best_place(filled, empty, known, here, rng)
    hole = np.zeros_like(known)
    hole[tile] = ~known[tile]
    usable = hole[here] & empty[place]
    filled[here][usable] = slow[here][usable] + (filled[place] - slow[place])[usable]
    known[here][usable] = True


def _best_place(
    pixels: Field, empty: npt.NDArray[np.bool_], known: npt.NDArray[np.bool_], here: Window, rng: np.random.Generator
) -> Window:
    """Return where in the image a window is continued best: like it where both are known, background in its holes."""
    sure = known[here]
    n_rows, n_columns = sure.shape
    tops = rng.integers(0, empty.shape[0] - n_rows + 1, _TRIALS)
    lefts = rng.integers(0, empty.shape[1] - n_columns + 1, _TRIALS)
    places = [(slice(t, t + n_rows), slice(c, c + n_columns)) for t, c in zip(tops, lefts, strict=True)]

    # Every other row and column says enough.
    target, certain = pixels[here][::2, ::2], sure[::2, ::2]
    n_holes = max(int((~certain).sum()), 1)

    def cost(place: Window) -> float:
        background = empty[place][::2, ::2]
        both = certain & background
        differing = float(np.abs(pixels[place][::2, ::2][both] - target[both]).mean()) if both.any() else 0.0
        return differing + _UNCOVERED * int((~background & ~certain).sum()) / n_holes

    return min(places, key=cost)


def spread_to(backdrop: Field, shape: tuple[int, int], turn: tuple[int, int], corner: tuple[int, int]) -> Field:
    """Return the part of a backdrop that covers a shape, mirrored at its edges where it is too small.

    Args:
        backdrop: (h, w, 3).
        shape: H and W.
        turn: 1, or -1 to flip it upside down or left to right.
        corner: row and column of the flipped backdrop where the part begins.
    """
    flipped = backdrop[:: turn[0], :: turn[1]]
    axes = [_mirrored(np.arange(n) + by, m) for n, by, m in zip(shape, corner, flipped.shape, strict=False)]
    return flipped[np.ix_(*axes)]


def _mirrored(positions: npt.NDArray[np.intp], n: int) -> npt.NDArray[np.intp]:
    folded = positions % (2 * n)
    return np.where(folded < n, folded, 2 * n - 1 - folded)
