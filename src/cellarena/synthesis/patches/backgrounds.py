"""What an image would show without its cells, and where on it the objects of a layout look at home."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cellarena.images.io import LabelImage
from cellarena.synthesis.patches.shapes import Field

_TILE = 24
_TRIALS = 24
_ROUNDS = 3


def without_cells(
    image: npt.NDArray[np.uint8], labels: LabelImage, reach: int, rng: np.random.Generator
) -> Field:
    """Return an image whose cells are filled with the background around them and the grain of background elsewhere.

    The slow part of the fill is the weighted mean of the background near by; the grain on it is copied, tile by tile,
    from the place of the image where most of it is background and the colours differ least.

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
    slow = slow_part(pixels, empty, 2.0 * reach)
    grain = np.where(empty[..., None], pixels - slow, np.float32(0))
    _fill(grain, slow, empty, rng)
    return np.clip(slow + grain, 0, 255)


def slow_part(pixels: Field, empty: npt.NDArray[np.bool_], sigma: float) -> Field:
    """Return the (H, W, 3) mean of the empty pixels near each, with ever wider windows where there are none.

    Args:
        pixels: (H, W, 3).
        empty: (H, W), at least one true.
        sigma: of the narrowest gaussian window, in pixels.
    """
    weights = empty.astype(np.float32)
    mean = np.zeros_like(pixels)
    lacking = np.ones(empty.shape, bool)
    while lacking.any():
        density = ndimage.gaussian_filter(weights, sigma)
        reached = lacking & (density > 0.02)
        for channel in range(3):
            blurred = ndimage.gaussian_filter(pixels[..., channel] * weights, sigma)
            mean[..., channel][reached] = blurred[reached] / density[reached]
        lacking &= ~reached
        if sigma > 4 * max(empty.shape):
            mean[lacking] = pixels[empty].mean(axis=0)
            break
        sigma *= 2
    return mean


def _fill(grain: Field, slow: Field, empty: npt.NDArray[np.bool_], rng: np.random.Generator) -> None:
    """Copy grain into the pixels that have none, from places of the same image."""
    known = empty.copy()
    height, width = empty.shape
    side = (min(_TILE, height), min(_TILE, width))
    for _ in range(_ROUNDS):
        for top in range(0, height, side[0]):
            for left in range(0, width, side[1]):
                here = (slice(top, top + side[0]), slice(left, left + side[1]))
                if not known[here].all():
                    _fill_tile(grain, slow, empty, known, here, rng)


def _fill_tile(
    grain: Field,
    slow: Field,
    empty: npt.NDArray[np.bool_],
    known: npt.NDArray[np.bool_],
    here: tuple[slice, slice],
    rng: np.random.Generator,
) -> None:
    hole = ~known[here]
    n_rows, n_columns = hole.shape
    tops = rng.integers(0, empty.shape[0] - n_rows + 1, _TRIALS)
    lefts = rng.integers(0, empty.shape[1] - n_columns + 1, _TRIALS)
    places = [(slice(t, t + n_rows), slice(c, c + n_columns)) for t, c in zip(tops, lefts, strict=True)]
    colour = slow[here][hole].mean(axis=0)

    def cost(place: tuple[slice, slice]) -> float:
        centre = slow[place][n_rows // 2, n_columns // 2]
        return float((~empty[place][hole]).mean() + np.abs(centre - colour).mean() / 255)

    best = min(places, key=cost)
    usable = hole & empty[best]
    grain[here][usable] = grain[best][usable]
    known[here][usable] = True


def spread_to(backdrop: Field, shape: tuple[int, int], offset: tuple[int, int]) -> Field:
    """Return a (H, W, 3) backdrop mirrored over and over to cover a shape, shifted by an offset."""
    axes = [(np.arange(n) + by) for n, by in zip(shape, offset, strict=True)]
    rows, columns = (_mirrored(axis, n) for axis, n in zip(axes, backdrop.shape[:2], strict=True))
    return backdrop[np.ix_(rows, columns)]


def _mirrored(positions: npt.NDArray[np.intp], n: int) -> npt.NDArray[np.intp]:
    folded = positions % (2 * n)
    return np.where(folded < n, folded, 2 * n - 1 - folded)
