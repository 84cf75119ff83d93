"""Protocol strict: right in every case, whatever is empty, missing or huge."""

from collections.abc import Iterator, Sequence

import numpy as np

from cellarena.evaluation.matching import SparsePairs, iou_pairs, match, without_border_pairs
from cellarena.evaluation.metrics import MATCHING_METRICS, OBJECT_METRICS, PIXEL_METRICS
from cellarena.evaluation.pixel_pair import PixelPair
from cellarena.evaluation.protocols import PROTOCOLS, Protocol, Row
from cellarena.images.io import LabelImage

WITH_BORDER = "_with_border"


def score_strict(true: LabelImage, pred: LabelImage | None, thresholds: Sequence[float]) -> list[Row]:
    """Return every score of one image.

    Detection metrics come once under the border rule of the NeurIPS 2022 Cell Segmentation Challenge (objects that
    touch the outer two pixels are dropped from both images) and once without it, with the suffix `_with_border`.
    Pixel metrics, the counts `n_true`, `n_pred` and the annotated objects' median area in pixels, `true_area_median`,
    concern the whole image and have the threshold NaN; so has `failed`, which is 1 if there is no prediction.

    Args:
        true: (H, W) label image.
        pred: (H, W) label image of the same shape, or None if prediction failed or is missing.
        thresholds: IoU thresholds in (0, 1], rounded to six digits before use.

    Returns:
        Rows of threshold, metric, value.

    Raises:
        ValueError: if the shapes differ, an image is no label image, or a threshold is outside (0, 1].
    """
    if pred is not None:
        return _rows(true, pred, thresholds, failed=0)
    worst = _worth_of_failure()
    rows = _rows(true, np.zeros_like(true), thresholds, failed=1)
    return [(threshold, name, worst.get(name, value)) for threshold, name, value in rows]


PROTOCOLS.register("strict")(Protocol("strict", 1, score_strict))


def _rows(true: LabelImage, pred: LabelImage, thresholds: Sequence[float], failed: int) -> list[Row]:
    whole = iou_pairs(true, pred)
    inner = without_border_pairs(whole, true, pred)
    area = float(np.median(whole.true_area)) if whole.n_true else np.nan
    known = {"n_true": whole.n_true, "n_pred": whole.n_pred, "true_area_median": area, "failed": failed}
    counts: list[Row] = [(np.nan, name, value) for name, value in known.items()]
    images = PixelPair(true, pred)
    pixels: list[Row] = [(np.nan, name, PIXEL_METRICS[name].compute(images)) for name in PIXEL_METRICS]
    return [*counts, *pixels, *_detection(inner, thresholds, ""), *_detection(whole, thresholds, WITH_BORDER)]


def _detection(pairs: SparsePairs, thresholds: Sequence[float], suffix: str) -> Iterator[Row]:
    yield from ((np.nan, name + suffix, OBJECT_METRICS[name].compute(pairs)) for name in OBJECT_METRICS)
    for threshold in (round(t, 6) for t in thresholds):
        matching = match(pairs, threshold)
        yield from ((threshold, name + suffix, MATCHING_METRICS[name].compute(matching)) for name in MATCHING_METRICS)


def _worth_of_failure() -> dict[str, float]:
    """Return what each metric is for an image without prediction, where that differs from an empty prediction."""
    matched = {name: MATCHING_METRICS[name].failed for name in MATCHING_METRICS}
    objects = {name: OBJECT_METRICS[name].failed for name in OBJECT_METRICS}
    with_border = {name + WITH_BORDER: failed for name, failed in {**matched, **objects}.items()}
    pixels = {name: PIXEL_METRICS[name].failed for name in PIXEL_METRICS}
    worst = {**matched, **objects, **with_border, **pixels}
    return {name: value for name, value in worst.items() if value is not None}
