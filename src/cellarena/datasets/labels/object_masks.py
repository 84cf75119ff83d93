"""One label image of many binary masks, one per object, as the Data Science Bowl's trees hold them."""

from collections.abc import Iterable

import numpy as np

from cellarena.images.io import LabelImage
from cellarena.images.picture import Image

_ONE_OBJECT = "each file of masks/ in a DSB tree is the 2-D binary mask of one object"


def place_masks(masks: Iterable[tuple[str, Image]]) -> LabelImage:
    """Return one label image, (H, W) uint32, of binary masks; where masks overlap the smaller lies on top.

    Object i is the i-th mask, counted from 1. A mask that is empty or covered leaves no object.

    Args:
        masks: names and (H, W) arrays of one shape with at most one value besides 0; they are taken one by one.

    Raises:
        ValueError: if there is no mask, shapes differ, or a mask is not binary; the mask is named.
    """
    labels: LabelImage | None = None
    for number, (name, mask) in enumerate(masks, start=1):
        if mask.ndim != 2:
            raise ValueError(f"{name}: shape {mask.shape}; {_ONE_OBJECT}")
        foreground = mask != 0
        if (n_values := len(np.unique(mask[foreground]))) > 1:
            raise ValueError(f"{name}: {n_values} values besides 0; {_ONE_OBJECT}")
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
