"""Turning a plane upright as EXIF's and TIFF's tag Orientation says."""

from collections.abc import Callable

import numpy as np

from cellarena.images.picture import Image

UPRIGHT = 1
_TURNS: dict[int, Callable[[Image], Image]] = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
    8: lambda pixels: np.rot90(pixels, 1),
}
_LYING = frozenset({5, 6, 7, 8})


def upright(pixels: Image, orientation: int) -> Image:
    """Return an image as it is shown.

    Args:
        pixels: (H, W) or (H, W, C) as stored.
        orientation: 1 to 8, what row 0 and column 0 stand for; anything else is no statement and turns nothing.

    Source:
        TIFF 6.0, tag 274; EXIF 2.32 uses the same numbers.
    """
    turn = _TURNS.get(orientation)
    return pixels if turn is None else np.ascontiguousarray(turn(pixels))


def is_lying(orientation: int) -> bool:
    """Return whether rows are shown as columns."""
    return orientation in _LYING
