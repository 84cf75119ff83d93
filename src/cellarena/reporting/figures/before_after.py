"""A test image before and after a change: what was found, missed and spurious then and now."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from cellarena.images.io import LabelImage
from cellarena.images.picture import Image
from cellarena.images.windows import window
from cellarena.reporting.figures.examples import Prediction, example_figure
from cellarena.reporting.matched import matched_prediction

AT_MOST = 6
"""Images that a review shows."""
_SHOWN = 256


def to_picture(by_image: pd.DataFrame, at_most: int = AT_MOST) -> pd.DataFrame:
    """Return the lines of `image_changes` to be shown: the largest changes, every image once."""
    return by_image.drop_duplicates("image").head(at_most)


def before_and_after(
    image: Image, true: LabelImage, preds: Mapping[str, LabelImage | None], scored: Mapping[str, float], title: str
) -> Figure:
    """Return the image, its annotation, and the prediction before and after, objects by what became of them.

    Of an image larger than 256 x 256 pixels the part is shown in which most objects are told otherwise than before.

    Args:
        image: (H, W) or (H, W, C).
        true: (H, W) annotated label image.
        preds: (H, W) predicted label image of each side, None where the prediction failed.
        scored: F1 of the whole image of each side.
        title: above the figure.

    Raises:
        ValueError: if a label image differs in size from the image.
    """
    for name, labels in {"the annotation": true, **preds}.items():
        if labels is not None and labels.shape != image.shape[:2]:
            raise ValueError(f"{title}: the image is {image.shape[:2]}, but the labels of {name} are {labels.shape}")
    found = [replace(matched_prediction(name, true, pred), f1=scored[name]) for name, pred in preds.items()]
    place = window(_told_otherwise(true, found), _SHOWN)
    part = "" if max(true.shape) <= _SHOWN else f" (part of {true.shape[1]} x {true.shape[0]} pixels)"
    shown = [replace(one, labels=None if one.labels is None else one.labels[place]) for one in found]
    return example_figure(image[place], true[place], shown, f"{title}{part}")


def _told_otherwise(true: LabelImage, found: list[Prediction]) -> LabelImage:
    """Return the annotated objects that were found on one side only; where there are none, all of them."""
    members = [one.matched_true for one in found]
    changed = frozenset.union(*members) - frozenset.intersection(*members)
    return np.where(np.isin(true, list(changed)), true, 0) if changed else true
