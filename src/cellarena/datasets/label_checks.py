"""What kind of array is given as a label image, and is it one: a whole number per object, 0 for background."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from cellarena.images.io import LabelImage
from cellarena.images.picture import Image

FEW_VALUES = 3
PIECES_PER_CLASS = 4
_NUMBER_THE_OBJECTS = "number the objects 1, 2, 3, ... (skimage.measure.label numbers separate pieces)"
_ONE_OBJECT = "each file of masks/ in a DSB tree is the 2-D binary mask of one object"


def as_label_image(pixels: Image) -> LabelImage:
    """Return an array as label image, unchanged except that whole-numbered floats become int64.

    Accepted are objects of one pixel, touching or disconnected objects, gaps in the numbering, no object at all.

    Args:
        pixels: the array as read from its file.

    Returns:
        (H, W) integers, at least 0, never of a narrower type than `pixels`.

    Raises:
        ValueError: if it is RGB or a palette, a foreground or class image, has fractions, NaN or negative numbers. The
            message says what it is and how to make labels of it; it names no file.
    """
    if pixels.ndim != 2:
        raise ValueError(f"labels are RGB or a palette, shape {pixels.shape}; save one whole number per object, 2-D")
    if pixels.dtype == bool:
        raise ValueError(f"labels are binary (bool); {_NUMBER_THE_OBJECTS}")
    labels = _whole(pixels)
    if labels.size and labels.min() < 0:
        raise ValueError(f"labels go down to {labels.min()}; objects are numbered from 1, background is 0")
    _refuse_classes(labels)
    return labels


def _whole(pixels: Image) -> LabelImage:
    if np.issubdtype(pixels.dtype, np.integer):
        return pixels
    if not np.issubdtype(pixels.dtype, np.floating):
        raise ValueError(f"labels have type {pixels.dtype}; save them as integers")
    if not np.isfinite(pixels).all():
        raise ValueError("labels hold NaN or infinite values; save them as integers, 0 for background")
    fractions = pixels != np.rint(pixels)
    if fractions.any():
        raise ValueError(f"labels hold fractions such as {pixels[fractions][0]:.6g}; save one whole number per object")
    exact = 2.0 ** (np.finfo(pixels.dtype).nmant + 1)
    if pixels.size and pixels.max() > exact:
        raise ValueError(f"labels exceed {exact:.0f}, from where {pixels.dtype} merges numbers; save them as integers")
    return pixels.astype(np.int64)


def _refuse_classes(labels: LabelImage) -> None:
    """Refuse foreground and class images: few numbers, each spread over pieces that cannot be one object."""
    values = np.unique(labels)
    values = values[values > 0]
    if not 1 <= len(values) <= FEW_VALUES:
        return
    if len(values) == 1 and values[0] == 255:
        raise ValueError(f"labels are binary (0 and 255); {_NUMBER_THE_OBJECTS}")
    pieces = sum(_n_pieces(labels == value) for value in values)
    if len(values) == 1 and pieces > 1:
        raise ValueError(f"labels are binary: {pieces} separate pieces, all {values[0]}; {_NUMBER_THE_OBJECTS}")
    if len(values) > 1 and pieces >= PIECES_PER_CLASS * len(values):
        raise ValueError(f"labels are classes: {pieces} pieces share {len(values)} numbers; {_NUMBER_THE_OBJECTS}")


def _n_pieces(foreground: Image) -> int:
    """Return the number of 8-connected pieces."""
    from scipy import ndimage

    return int(ndimage.label(foreground, np.ones((3, 3)))[1])


def place_masks(masks: Iterable[tuple[str, Image]]) -> LabelImage:
    """Return one label image of binary masks, one object each; where masks overlap the smaller lies on top.

    Args:
        masks: names and (H, W) arrays of one shape with at most one value besides 0; they are taken one by one.

    Returns:
        (H, W) uint32; object i is the i-th mask, counted from 1. A mask that is empty or covered leaves no object.

    Raises:
        ValueError: if there is no mask, shapes differ, or a mask is not binary; the mask is named.
    """
    labels: LabelImage | None = None
    for number, (name, mask) in enumerate(masks, start=1):
        foreground = _foreground(mask, name)
        if labels is None:
            labels, areas = np.zeros(mask.shape, np.uint32), np.full(mask.shape, mask.size + 1)
        if labels.shape != mask.shape:
            raise ValueError(f"{name}: shape {mask.shape}, but the first mask of this image has {labels.shape}")
        area = np.count_nonzero(foreground)
        on_top = foreground & (area < areas)
        labels[on_top], areas[on_top] = number, area
    if labels is None:
        raise ValueError("there is no mask")
    return labels


def _foreground(mask: Image, name: str) -> npt.NDArray[np.bool_]:
    if mask.ndim != 2:
        raise ValueError(f"{name}: shape {mask.shape}; {_ONE_OBJECT}")
    foreground: npt.NDArray[np.bool_] = mask != 0
    values = mask[foreground]
    if values.size and not (values == values[0]).all():
        raise ValueError(f"{name}: {len(np.unique(values))} values besides 0; {_ONE_OBJECT}")
    return foreground
