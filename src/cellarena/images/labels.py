"""What can be asked of a label image, (H, W) integers of at least 0: its objects, borders, what the frame cuts."""

import numpy as np
import numpy.typing as npt

from cellarena.images.io import LabelImage

# Up to this many labels a pixel a look-up table is smaller than sorting is slow.
_DENSE = 4


def consecutive(labels: LabelImage) -> npt.NDArray[np.uint32]:
    """Return the same objects, (H, W) uint32, numbered 1..n in the order of their labels; 0 stays background."""
    largest = int(labels.max(initial=0))
    if largest <= _DENSE * labels.size:
        new = np.zeros(largest + 1, np.uint32)
        present = np.zeros(largest + 1, bool)
        present[labels] = True
        present[0] = False
        new[present] = np.arange(1, np.count_nonzero(present) + 1)
        return np.asarray(new[labels])
    values, inverse = np.unique(labels, return_inverse=True)
    offset = 0 if values[0] == 0 else 1
    return (inverse.reshape(labels.shape) + offset).astype(np.uint32)


def border_labels(labels: LabelImage, width: int = 2) -> LabelImage:
    """Return the labels that touch the outer frame of `width` pixels, ascending; 0 is one if background does."""
    sides = (labels[:width], labels[-width:], labels[:, :width], labels[:, -width:])
    return np.asarray(np.unique(np.concatenate([side.ravel() for side in sides])))


def without_border_objects(labels: LabelImage, width: int = 2) -> LabelImage:
    """Return the label image without the objects that touch its frame of `width` pixels: the challenge's border rule.

    The labels that remain keep their numbers.
    """
    touching = border_labels(labels, width)
    largest = int(labels.max(initial=0))
    if largest <= _DENSE * labels.size:
        kept = np.arange(largest + 1, dtype=labels.dtype)
        kept[touching] = 0
        return np.asarray(kept[labels])
    return np.where(np.isin(labels, touching), 0, labels).astype(labels.dtype)


def inner_boundary(labels: LabelImage) -> npt.NDArray[np.bool_]:
    """Return the pixels of objects that have a differently labelled 4-neighbour; the image's edge is no neighbour."""
    boundary = np.zeros(labels.shape, bool)
    _spread(boundary, labels[:, 1:] != labels[:, :-1], 1, axis=1)
    _spread(boundary, labels[1:] != labels[:-1], 1, axis=0)
    return boundary & (labels > 0)


def boundary_band(labels: LabelImage, width: int) -> npt.NDArray[np.bool_]:
    """Return the pixels of objects that are at most `width` steps, diagonal ones too, from a pixel labelled otherwise.

    The image's edge is no neighbour; `width` is at least 1.
    """
    along = np.zeros(labels.shape, bool)
    _spread(along, labels[:, 1:] != labels[:, :-1], width, axis=1)
    band = along.copy()
    for step in range(1, width + 1):
        band[step:] |= along[:-step]
        band[:-step] |= along[step:]
    _spread(band, labels[1:] != labels[:-1], width, axis=0)
    return band & (labels > 0)


def without_small(labels: LabelImage, size: float) -> LabelImage:
    """Return the label image without the objects of fewer pixels."""
    large = np.bincount(labels.ravel()) >= size
    large[0] = False
    return np.where(large[labels], labels, 0)


def _spread(near: npt.NDArray[np.bool_], changes: npt.NDArray[np.bool_], width: int, axis: int) -> None:
    """Mark the pixels at most `width` pixels before or behind a change, change i being that from i to i + 1."""
    near, changes = (np.moveaxis(array, axis, 0) for array in (near, changes))
    for step in range(width):
        ahead, behind = len(changes) - step, max(len(near) - 1 - step, 0)
        near[: max(ahead, 0)] |= changes[step:]
        near[1 + step :] |= changes[:behind]
