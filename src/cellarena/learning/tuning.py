"""How the predictions of a network become objects best: the settings of decoding, tuned on the validation subset."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cellarena.datasets.cropping.crops import Annotated
from cellarena.evaluation.matching import iou_pairs, match
from cellarena.evaluation.metrics import f1
from cellarena.evaluation.unannotated import judgeable
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


def image_score(annotated: Annotated, pred: LabelImage) -> float:
    """Return the `validation_score` of what can be judged of an image's prediction."""
    return validation_score(annotated.labels, judgeable(annotated.labels, pred, annotated.ignored))


def tuned(segmenter: Segmenter, images: Sequence[Annotated]) -> tuple[Target, float]:
    """Return a segmenter's target with the settings of decoding that score best on images, and the score.

    One setting after the other takes the best of the values that its target declares (`Target.choices`), the first
    of equals, beginning with what it is: at most 1 + the number of values decodings an image,
    the same for every network.

    Args:
        segmenter: what predicts.
        images: of the validation subset, at least one.

    Returns:
        The target, and the mean of `image_score` over the images.
    """
    # Half precision is ample for thresholds; whole subsets are held.
    outputs = [segmenter.activations(annotated.image).astype(np.float16) for annotated in images]
    best = segmenter.target
    (score,) = _mean_scores([best], outputs, images)
    for setting, values in best.choices.items():
        tried = [best.model_copy(update={setting: value}) for value in values if value != getattr(best, setting)]
        for candidate, reached in zip(tried, _mean_scores(tried, outputs, images), strict=True):
            if reached > score + _WORTH:
                best, score = candidate, reached
    return best, score


def _mean_scores(
    targets: Sequence[Target], outputs: Sequence[npt.NDArray[np.float16]], images: Sequence[Annotated]
) -> list[float]:
    """Return the mean score of each target; one image is decoded by all before the next, for they share much of it."""
    scores = np.zeros(len(targets))
    for annotated, half in zip(images, outputs, strict=True):
        output = half.astype(np.float32)
        scores += [image_score(annotated, target.decode(output)) for target in targets]
    return [float(score) for score in scores / len(images)]
