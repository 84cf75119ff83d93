"""Protocol official: the arithmetic of the NeurIPS 2022 Cell Segmentation Challenge, number for number.

After `compute_metric.py` of the challenge's baseline as of 2024 with its default options, on integer label images.
Every departure from what one would expect is a named function or branch here and an entry of docs/metrics.md. Ma et
al., "The multimodality cell segmentation challenge: toward universal solutions", Nature Methods 21, 2024,
doi:10.1038/s41592-024-02233-6.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from cellarena.evaluation.matching import SparsePairs, iou_pairs, match, refuse_unlike
from cellarena.evaluation.pixel_pair import PixelPair
from cellarena.evaluation.protocols import PROTOCOLS, Protocol, Row
from cellarena.images.io import LabelImage
from cellarena.images.labels import without_border_objects

LARGE = 25_000_000
"""Images of at least so many pixels are scored region by region."""
REGION = 2000
"""Side of a region in pixels."""
BORDER = 2
"""Thickness in pixels of the frame whose objects are dropped."""
_DECIMALS = 4
_NAMES = ("tp", "fp", "fn", "precision", "recall", "f1")


def score_official(true: LabelImage, pred: LabelImage | None, thresholds: Sequence[float]) -> list[Row]:
    """Return what the challenge's script prints for one image.

    Args:
        true: (H, W) label image.
        pred: (H, W) label image of the same shape, or None if prediction failed or is missing.
        thresholds: IoU thresholds in (0, 1], rounded to six digits before use.

    Returns:
        Rows of threshold, metric, value: tp, fp, fn, precision, recall, f1 at each threshold, and with the threshold
        NaN dice, n_true and n_pred. All are NaN for an image that the script leaves out of its table: one without
        prediction, and one with a label that turns negative when the script converts it (above 2^31 - 1).

    Raises:
        ValueError: if the shapes differ, an image is no label image, or a threshold is outside (0, 1].
    """
    rounded = [round(threshold, 6) for threshold in thresholds]
    if pred is None:
        return _left_out(rounded)
    refuse_unlike(true, pred)
    small = true.size < LARGE
    converted = tuple(_in_type(labels, np.int32 if small else true.dtype) for labels in (true, pred))
    if min(labels.min(initial=0) for labels in converted) < 0:
        return _left_out(rounded)
    regions = [_compared(*region) for region in ([converted] if small else _regions(*converted))]
    rows = _of_image(regions, _rounded(PixelPair(true, pred).foreground.dice))
    return [*rows, *(row for threshold in rounded for row in _at(threshold, regions))]


PROTOCOLS.register("official")(Protocol("official", 1, score_official))


def _left_out(thresholds: Sequence[float]) -> list[Row]:
    """Return the rows of an image that the script neither tabulates nor averages: it lists predictions it can score."""
    whole: list[Row] = [(np.nan, name, np.nan) for name in ("dice", "n_true", "n_pred")]
    return [*whole, *((threshold, name, np.nan) for threshold in thresholds for name in _NAMES)]


def _in_type(labels: LabelImage, dtype: npt.DTypeLike) -> LabelImage:
    """Return the labels as the script converts them: those beyond the type wrap around.

    It makes a small image int32, and of a large one the prediction what the annotation is. Labels that turn negative
    make it give up on the image.
    """
    return labels if labels.max(initial=0) <= np.iinfo(dtype).max else labels.astype(dtype)


def _regions(true: LabelImage, pred: LabelImage) -> Iterator[tuple[LabelImage, LabelImage]]:
    """Yield both images in squares of REGION pixels, those beyond the image's edge filled up with background."""
    for top in range(0, true.shape[0], REGION):
        for left in range(0, true.shape[1], REGION):
            window = (slice(top, top + REGION), slice(left, left + REGION))
            yield _filled_up(true[window]), _filled_up(pred[window])


def _filled_up(labels: LabelImage) -> LabelImage:
    """Return a region with background right of and below what is left of the image: no frame that drops objects."""
    return np.pad(labels, [(0, REGION - length) for length in labels.shape])


def _compared(true: LabelImage, pred: LabelImage) -> SparsePairs:
    return iou_pairs(_without_border_objects(true), _without_border_objects(pred))


def _without_border_objects(labels: LabelImage) -> LabelImage:
    """Return the label image without border objects; where all is border and object, the smallest label survives.

    The script takes the smallest value that it finds in the frame for the background.
    """
    if min(labels.shape) > 2 * BORDER or not np.all(labels):
        return without_border_objects(labels, BORDER)
    return np.where(labels == labels.min(), labels, 0)


def _counts(pairs: SparsePairs, threshold: float) -> tuple[int, int, int]:
    """Return tp, fp and fn of one image or region; all 0 where nothing is predicted, misses included."""
    if pairs.n_pred == 0:
        return 0, 0, 0
    matching = match(pairs, threshold)
    return matching.tp, matching.fp, matching.fn


def _of_image(regions: Sequence[SparsePairs], dice_of_foreground: float) -> list[Row]:
    """Return the rows without threshold; Dice is that of the foreground before border objects are dropped."""
    n_true, n_pred = sum(pairs.n_true for pairs in regions), sum(pairs.n_pred for pairs in regions)
    return [(np.nan, "dice", dice_of_foreground), (np.nan, "n_true", n_true), (np.nan, "n_pred", n_pred)]


def _at(threshold: float, regions: Sequence[SparsePairs]) -> list[Row]:
    """Return the rows of one threshold; precision, recall and F1 are 0 where nothing is found, nothing to find too."""
    tp, fp, fn = (sum(counts) for counts in zip(*(_counts(pairs, threshold) for pairs in regions), strict=True))
    precision = recall = f1 = 0.0
    if tp > 0:
        precision = tp / sum(pairs.n_pred for pairs in regions)
        recall = tp / sum(pairs.n_true for pairs in regions)
        f1 = 2 * (precision * recall) / (precision + recall)
    values = (tp, fp, fn, *map(_rounded, (precision, recall, f1)))
    return [(threshold, name, value) for name, value in zip(_NAMES, values, strict=True)]


def _rounded(value: float) -> float:
    """Return a value with four decimals, to which the script rounds before it averages."""
    return float(np.round(value, _DECIMALS))
