"""What of a prediction can be judged where a part of an image was never annotated."""

import numpy as np
import numpy.typing as npt

from cellarena.evaluation.matching import iou_pairs
from cellarena.images.io import LabelImage
from cellarena.images.labels import consecutive

MOSTLY = 0.5
"""An object with more than this share of its pixels where nobody annotated is not judged."""
FOUND = 0.5
"""Unless the rest of it has at least this IoU with an annotated object, which would count as missed without it."""


def judgeable(true: LabelImage, pred: LabelImage, ignored: npt.NDArray[np.bool_] | None) -> LabelImage:
    """Return a prediction without what nobody can judge: it goes before all that compares it with the annotation.

    Objects that lie mostly where nobody annotated are left out whole, but for those whose rest is an annotated object
    that is cut off there. Of the others the pixels there are left out, so that they count neither for nor against an
    overlap; the annotation has no object there, so that no metric of pixels sees these pixels. A panoptic segmentation
    is judged much like that (Kirillov et al., CVPR 2019, doi 10.1109/CVPR.2019.00963).

    Args:
        true: (H, W) annotated label image.
        pred: (H, W) predicted label image.
        ignored: (H, W), where nobody annotated; None if all of it was.

    Returns:
        (H, W) of the same type, unchanged if all was annotated; the labels that remain keep their numbers. A prediction
        of another shape is returned as it is: it cannot be judged at all.
    """
    if ignored is None or pred.shape != ignored.shape:
        return pred
    numbered = consecutive(pred)
    areas = np.bincount(numbered.ravel())
    left_out = np.bincount(numbered[ignored], minlength=len(areas)) > MOSTLY * areas
    rest = np.where(ignored, 0, numbered)
    pairs = iou_pairs(true, rest)
    left_out[pairs.pred_labels[pairs.pred[pairs.iou >= FOUND]]] = False
    return np.where(ignored | left_out[numbered], 0, pred).astype(pred.dtype)
