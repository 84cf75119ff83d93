"""Outlines of objects drawn into the pixels of an image, to check a segmentation by eye at full size."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cellarena.images.io import LabelImage

_LINE = (255, 233, 46)
_SIDE = 1024
"""Images are enlarged by whole numbers as long as their longer side stays within this, so that lines are thin."""
_LARGEST = 4


def outlined(image: npt.NDArray[np.uint8], labels: LabelImage) -> npt.NDArray[np.uint8]:
    """Return an (H, W, 3) image with a yellow line just inside every object's edge, and a dark rim in the background.

    It is (kH, kW, 3), enlarged by k in 1..4 where the image is small. Objects that touch have a line each.
    """
    k = max(1, min(_LARGEST, _SIDE // max(labels.shape)))
    drawn, large = (np.repeat(np.repeat(pixels, k, axis=0), k, axis=1) for pixels in (image, labels))
    there = large > 0
    # Beyond the frame nothing is: an object that it cuts is closed along it.
    padded = np.pad(large, 1, constant_values=0)
    lowest, highest = (f(padded, size=3)[1:-1, 1:-1] for f in (ndimage.minimum_filter, ndimage.maximum_filter))
    rim = ~there & (highest > 0)
    drawn[rim] //= 2
    drawn[there & (lowest != highest)] = _LINE
    return drawn
