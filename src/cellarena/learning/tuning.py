"""How the predictions of a network become objects best: the settings of decoding, tuned on the validation subset."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cellarena.datasets.loading import Annotated
from cellarena.evaluation.matching import iou_pairs, match
from cellarena.evaluation.metrics import f1
from cellarena.images.io import LabelImage
from cellarena.images.labels import without_border_objects
from cellarena.learning.predict import Segmenter
from cellarena.targets.spec import Target

_WORTH = 1e-6
"""A score must rise by more than rounding for a setting to change."""


def validation_score(true: LabelImage, pred: LabelImage) -> float:
    """Return F1 at IoU 0.5, objects that touch the border left out."""
    inner_true, inner_pred = without_border_objects(true), without_border_objects(pred)
    return f1(match(iou_pairs(inner_true, inner_pred), 0.5))


def tuned(segmenter: Segmenter, images: Sequence[Annotated]) -> tuple[Target, float]:
    """Return a segmenter's target with the settings of decoding that score best on images, and the score.

    One setting after the other takes the best of the values that its target declares (`Target.choices`), the first
    of equals, beginning with what it is: 1 + the number of values decodings an image, the same for every network.

    Args:
        segmenter: what predicts.
        images: of the validation subset, at least one.

    Returns:
        The target, and the mean of `validation_score` over the images.
    """
    # Half precision is ample for thresholds; whole subsets are held.
    outputs = [segmenter.activations(annotated.image).astype(np.float16) for annotated in images]
    best, score = segmenter.target, _mean_score(segmenter.target, outputs, images)
    for setting, values in best.choices.items():
        for value in values:
            candidate = best.model_copy(update={setting: value})
            reached = _mean_score(candidate, outputs, images)
            if reached > score + _WORTH:
                best, score = candidate, reached
    return best, score


def _mean_score(target: Target, outputs: Sequence[npt.NDArray[np.float16]], images: Sequence[Annotated]) -> float:
    decoded = (target.decode(output.astype(np.float32)) for output in outputs)
    return float(np.mean([validation_score(a.labels, pred) for a, pred in zip(images, decoded, strict=True)]))
