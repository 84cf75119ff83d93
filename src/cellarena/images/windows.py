"""The part of an image that tells most."""

import numpy as np

from cellarena.images.io import LabelImage

Window = tuple[slice, slice]


def window(labels: LabelImage, side: int) -> Window:
    """Return the part, at most side x side, with the most objects among nine; the middle one where they tie.

    Args:
        labels: (H, W) integers, at least 0.
        side: in pixels.
    """
    starts = [[(length - min(length, side)) * k // 2 for k in (1, 0, 2)] for length in labels.shape]
    places = [(slice(y, y + side), slice(x, x + side)) for y in starts[0] for x in starts[1]]
    return max(places, key=lambda place: np.unique(labels[place]).size)
