"""A model's answer to one image, matched with the annotation the way it is scored."""

import numpy as np

from cellarena.evaluation.matching import iou_pairs, match
from cellarena.evaluation.metrics import f1
from cellarena.images.io import LabelImage
from cellarena.images.labels import without_border_objects
from cellarena.reporting.figures.examples import Prediction


def matched_prediction(name: str, true: LabelImage, pred: LabelImage | None) -> Prediction:
    """Return a prediction with what matches at IoU 0.5 once objects at the border are left out.

    Args:
        name: the panel's title.
        true: (H, W) annotated label image.
        pred: (H, W) predicted label image, None where prediction failed.
    """
    if pred is None:
        return Prediction(name, None, frozenset(), frozenset(), 0.0)
    kept_true, kept_pred = without_border_objects(true), without_border_objects(pred)
    matching = match(iou_pairs(kept_true, kept_pred), 0.5)
    return Prediction(
        name=name,
        labels=pred,
        matched_true=frozenset(_objects(kept_true)[matching.true].tolist()),
        matched_pred=frozenset(_objects(kept_pred)[matching.pred].tolist()),
        f1=f1(matching),
        ignored_true=frozenset(np.setdiff1d(_objects(true), _objects(kept_true)).tolist()),
        ignored_pred=frozenset(np.setdiff1d(_objects(pred), _objects(kept_pred)).tolist()),
    )


def _objects(labels: LabelImage) -> LabelImage:
    """Return the labels of an image's objects, ascending: position is the index that matching speaks of."""
    values = np.unique(labels)
    return values[values > 0]
