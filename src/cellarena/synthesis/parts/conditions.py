"""What a generator is told beside the noise: the classes of the pixels, and the style of a real image."""

import numpy as np
import numpy.typing as npt

from cellarena.images.io import LabelImage
from cellarena.images.labels import boundary_band

BACKGROUND, INTERIOR, BOUNDARY = 0, 1, 2
N_CLASSES = 3
N_STYLE = 15
_RING = 2
_SMALLEST = 2.0


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
    scaled = image.astype(np.float32) / 255
    inside = labels > 0
    parts = [scaled[where] if where.any() else scaled.reshape(-1, 3) for where in (inside, ~inside)]
    moments = [moment for part in parts for moment in (part.mean(axis=0), part.std(axis=0))]
    grey = scaled.mean(axis=2)
    return np.concatenate([*moments, [_noise(grey), _spread(grey, labels), _slope(grey)]]).astype(np.float32)


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
    _, numbers, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    means = np.bincount(numbers.ravel(), grey.ravel().astype(np.float64)) / sizes
    objects = means[1:] if labels.min(initial=0) == 0 and (labels == 0).any() else means
    return float(objects.std()) if objects.size >= _SMALLEST else 0.0


def _slope(grey: npt.NDArray[np.float32]) -> float:
    slopes = [np.abs(np.diff(grey, axis=axis)).mean() for axis in (0, 1) if grey.shape[axis] > 1]
    return float(np.mean(slopes)) if slopes else 0.0
