"""What a generator is told beside the noise: the classes of the pixels, and the style of a real image."""

from typing import Any

import numpy as np
import numpy.typing as npt

from cellarena.images.io import LabelImage
from cellarena.images.labels import boundary_band, consecutive

BACKGROUND, INTERIOR, BOUNDARY = 0, 1, 2
N_CLASSES = 3
N_STYLE = 15
_RING = 2


def classes_of(labels: LabelImage) -> npt.NDArray[np.uint8]:
    """Return which pixels are background (0), interior (1) and boundary (2): the outer two pixels of each object.

    Objects that touch stay apart by their boundaries.

    Args:
        labels: (H, W) label image.

    Returns:
        (H, W) uint8.
    """
    classes = np.where(labels > 0, INTERIOR, BACKGROUND).astype(np.uint8)
    classes[boundary_band(labels, _RING)] = BOUNDARY
    return classes


def style_of(image: npt.NDArray[np.uint8], labels: LabelImage) -> npt.NDArray[np.float32]:
    """Return how an image looks, in fifteen numbers.

    They are mean and standard deviation of each channel inside and outside the objects (twelve), the standard deviation
    of the noise (Immerkaer, Comput. Vis. Image Underst. 1996, doi 10.1006/cviu.1996.0060), that of the objects' mean
    intensities, and the mean slope of the intensities.

    Args:
        image: (H, W, 3) uint8.
        labels: (H, W) label image. Without objects, or without background, what is there stands for what is not.

    Returns:
        (15,) float32; intensities run from 0 to 1.
    """
    scaled = image.astype(np.float32) / 255.0
    means, spreads = mean_and_spread(scaled, (labels == 0).astype(np.uint8), 2)
    grey = grey_of(scaled)
    rest = [_noise(grey), _spread(grey, labels), _slope(grey)]
    return np.concatenate([means[0], spreads[0], means[1], spreads[1], rest]).astype(np.float32)


def mean_and_spread(
    values: npt.NDArray[np.float32], groups: npt.NDArray[np.integer[Any]], n: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return mean and standard deviation of each group of pixels in each channel.

    Args:
        values: (H, W, C).
        groups: (H, W), the group of each pixel, in 0..n-1.
        n: how many groups there are; one without a pixel has those of the whole image.

    Returns:
        Two of (n, C) float32.
    """
    # Counting along a flat channel is many times faster than numpy's reductions over the pixels of a part.
    flat, channels = groups.ravel(), [values[..., k].ravel() for k in range(values.shape[2])]
    n_pixels = np.bincount(flat, minlength=n)[:, None]
    sums = np.stack([[np.bincount(flat, c**power, n) for c in channels] for power in (1, 2)]).transpose(0, 2, 1)
    means, squares = np.where(n_pixels > 0, sums, sums.sum(axis=1, keepdims=True)) / np.where(
        n_pixels > 0, n_pixels, flat.size
    )
    return means.astype(np.float32), np.sqrt(np.maximum(squares - means**2, 0)).astype(np.float32)


def grey_of(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the (H, W) mean of the three channels of (H, W, 3)."""
    mean: npt.NDArray[np.float32] = (values[..., 0] + values[..., 1] + values[..., 2]) / 3.0
    return mean


def is_grey(image: npt.NDArray[np.uint8]) -> bool:
    """Return whether the channels of a (H, W, 3) image are equal."""
    return bool((image == image[..., :1]).all())


def _noise(grey: npt.NDArray[np.float32]) -> float:
    """Return the noise's standard deviation: the second differences along both axes leave little of the structure."""
    if min(grey.shape) < 3:
        return 0.0
    along = grey[:-2] - 2 * grey[1:-1] + grey[2:]
    both = along[:, :-2] - 2 * along[:, 1:-1] + along[:, 2:]
    # The kernel (1, -2, 1) applied twice multiplies the standard deviation of white noise by six.
    return float(np.abs(both).mean() * np.sqrt(np.pi / 2) / 6)


def _spread(grey: npt.NDArray[np.float32], labels: LabelImage) -> float:
    numbers = consecutive(labels).ravel()
    n_pixels = np.bincount(numbers)[1:]
    means = np.bincount(numbers, grey.ravel())[1:] / n_pixels
    return float(means.std()) if means.size >= 2 else 0.0


def _slope(grey: npt.NDArray[np.float32]) -> float:
    slopes = [np.abs(np.diff(grey, axis=axis)).mean() for axis in (0, 1) if grey.shape[axis] > 1]
    return float(np.mean(slopes)) if slopes else 0.0
