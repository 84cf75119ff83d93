"""The calibration of one image: its pixels and objects, as they were predicted and at a temperature."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cellarena.evaluation.answers import Answer
from cellarena.evaluation.calibration.objects import Objects, matched_objects, object_confidences
from cellarena.evaluation.calibration.pixel_counts import PixelCounts, count_pixels
from cellarena.evaluation.calibration.pixels import Sums, sums_of
from cellarena.images.probabilities import Codes

Values = npt.NDArray[np.float64]

SCALINGS = ("raw", "scaled")
"""As predicted, and at the temperature."""
REGIONS = ("all", "boundary")
"""All pixels, and those close to the boundary of an annotated object."""


@dataclass(frozen=True, eq=False)
class ImageCalibration:
    """What is known of an image.

    Attributes:
        sums: by region and scaling, of this one image.
        labels: (k,) of the predicted objects that are judged, ascending.
        confidence: (k,) by scaling; empty where the temperature is undefined.
        matched: (k,) whether each matches an annotated object.
    """

    sums: Mapping[tuple[str, str], Sums]
    labels: npt.NDArray[np.int64]
    confidence: Mapping[str, Values]
    matched: npt.NDArray[np.bool_]


def image_calibration(
    answer: Answer, classes: npt.NDArray[np.uint8], codes: Codes, temperature: float
) -> ImageCalibration:
    """Return how sure and how right the predictions of an image are.

    Neither pixels that nobody annotated are judged nor objects that lie mostly there.

    Args:
        answer: annotation and predicted label image.
        classes: (H, W) the annotation as the classes that the network was taught.
        codes: (H, W) predicted probabilities as `images.probabilities` encodes them.
        temperature: above 0, or NaN if it is undefined.

    Raises:
        ValueError: if the shapes differ.
    """
    sums: dict[tuple[str, str], Sums] = {}
    for region in REGIONS:
        raw = PixelCounts.of(count_pixels(codes, classes, answer.annotation.regions[region]))
        sums[region, "raw"], sums[region, "scaled"] = sums_of(raw), sums_of(raw.scaled(temperature))
    labels, matched = matched_objects(answer.inner)
    judged = np.isin(answer.pairs.pred_labels, labels)
    scaled = np.empty(0) if np.isnan(temperature) else object_confidences(answer.pred, codes, temperature)[judged]
    confidence = {"raw": object_confidences(answer.pred, codes, 1.0)[judged], "scaled": scaled}
    return ImageCalibration(sums, labels, confidence, matched)


def objects_of(images: Sequence[ImageCalibration], scaling: str) -> Objects:
    """Return the objects of several images; none where the temperature is undefined."""
    sizes = [len(image.confidence[scaling]) for image in images]
    confidence = np.concatenate([np.empty(0), *(image.confidence[scaling] for image in images)])
    matched = [image.matched[:size] for image, size in zip(images, sizes, strict=True)]
    owner = np.repeat(np.arange(len(images)), sizes)
    return Objects(owner, confidence, np.concatenate([np.empty(0, bool), *matched]), len(images))
