"""What of a prediction can be judged where a part of an image was never annotated."""

import numpy as np
import numpy.typing as npt

from cellarena.images.io import LabelImage
from cellarena.images.labels import consecutive

MOSTLY = 0.5
"""An object with more than this share of its pixels where nobody annotated is not judged."""


def judgeable(pred: LabelImage, ignored: npt.NDArray[np.bool_] | None) -> LabelImage:
    """Return a prediction without what nobody can judge: it goes before all that compares it with the annotation.

    Objects that lie mostly where nobody annotated are left out whole; of the others the pixels there are, so that they
    count neither for nor against an overlap. The annotation has no object there either, so that no metric of pixels
    sees these pixels.

    Args:
        pred: (H, W) label image.
        ignored: (H, W), where nobody annotated; None if all of it was.

    Returns:
        (H, W) of the same type, unchanged if all was annotated; the labels that remain keep their numbers. A prediction
        of another shape is returned as it is: it cannot be judged at all.
    """
    if ignored is None or pred.shape != ignored.shape:
        return pred
    numbered = consecutive(pred)
    areas = np.bincount(numbered.ravel())
    outside = np.bincount(numbered[ignored], minlength=len(areas))
    left_out = outside > MOSTLY * areas
    return np.where(ignored | left_out[numbered], 0, pred).astype(pred.dtype)
