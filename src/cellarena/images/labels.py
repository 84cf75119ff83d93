"""What can be asked of a label image: its objects, their borders, those that the frame cuts."""

import numpy as np
import numpy.typing as npt

from cellarena.images.io import LabelImage

# Up to this many labels a pixel a look-up table is smaller than sorting is slow.
_DENSE = 4


def consecutive(labels: LabelImage) -> npt.NDArray[np.uint32]:
    """Return the same objects numbered 1..n in the order of their labels; 0 stays background.

    Args:
        labels: (H, W) integers, at least 0.

    Returns:
        (H, W) uint32.
    """
    largest = int(labels.max(initial=0))
    if largest <= _DENSE * labels.size:
        new = np.zeros(largest + 1, np.uint32)
        present = np.bincount(labels.ravel().astype(np.int64), minlength=1) > 0
        present[0] = False
        new[present] = np.arange(1, np.count_nonzero(present) + 1)
        return np.asarray(new[labels])
    values, inverse = np.unique(labels, return_inverse=True)
    offset = 0 if values[0] == 0 else 1
    return (inverse.reshape(labels.shape) + offset).astype(np.uint32)


def without_border_objects(labels: LabelImage, width: int = 2) -> LabelImage:
    """Return the label image without the objects that touch its outer frame (the challenge's border rule).

    Args:
        labels: (H, W) integers, at least 0.
        width: thickness of the frame in pixels.

    Returns:
        (H, W) of the same type; the labels that remain keep their numbers.
    """
    frame = np.ones(labels.shape, bool)
    frame[width : labels.shape[0] - width, width : labels.shape[1] - width] = False
    touching = np.unique(labels[frame])
    return np.where(np.isin(labels, touching), 0, labels).astype(labels.dtype)


def inner_boundary(labels: LabelImage) -> npt.NDArray[np.bool_]:
    """Return the pixels of objects that have a differently labelled 4-neighbour; the image's edge is no neighbour."""
    boundary = np.zeros(labels.shape, bool)
    differs = labels[1:] != labels[:-1]
    boundary[1:] |= differs
    boundary[:-1] |= differs
    differs = labels[:, 1:] != labels[:, :-1]
    boundary[:, 1:] |= differs
    boundary[:, :-1] |= differs
    return boundary & (labels > 0)
