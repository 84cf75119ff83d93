"""The tidy score table: one row per run, image, IoU threshold and metric, a failed image too."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from cellarena.evaluation.matching import SparsePairs, iou_pairs, match
from cellarena.evaluation.metrics import MATCHING_METRICS, PIXEL_METRICS
from cellarena.images.io import LabelImage, write_bytes
from cellarena.images.labels import without_border_objects
from cellarena.records import Run

Row = tuple[float, str, float]

COLUMNS = ["run", "image", "threshold", "metric", "value"]
THRESHOLDS = tuple(round(0.5 + 0.05 * i, 2) for i in range(10))
WITH_BORDER = "_with_border"


def score_image(true: LabelImage, pred: LabelImage | None, thresholds: Sequence[float]) -> list[Row]:
    """Return every score of one image.

    Detection metrics come once under the border rule of the NeurIPS 2022 Cell Segmentation Challenge (objects that
    touch the outer two pixels are dropped from both images) and once without it, with the suffix `_with_border`.
    Pixel metrics and the counts `n_true`, `n_pred` concern the whole image and have the threshold NaN; so has
    `failed`, which is 1 if there is no prediction.

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


def score(
    pairs: Iterable[tuple[str, LabelImage, LabelImage | None]], run: Run, thresholds: Sequence[float] = THRESHOLDS
) -> pd.DataFrame:
    """Return the score table of one run.

    Args:
        pairs: record id, annotation, and prediction or None where there is none; read one at a time.
        run: the run that predicted.
        thresholds: IoU thresholds in (0, 1].

    Returns:
        Columns run, image, threshold, metric, value; sorted by image, threshold (NaN last) and metric.

    Raises:
        ValueError: if there is no pair, an id comes twice, or a pair cannot be scored; the message names the image.
    """
    images: dict[str, list[Row]] = {}
    for record_id, true, pred in pairs:
        if record_id in images:
            raise ValueError(f"image {record_id!r} comes twice in the predictions of {run}")
        try:
            images[record_id] = score_image(true, pred, thresholds)
        except ValueError as error:
            raise ValueError(f"{run}, image {record_id!r}: {error}") from error
    if not images:
        raise ValueError(f"{run}: no image to score; the test subset is empty")
    rows = [(str(run), image, *row) for image, scored in images.items() for row in scored]
    return _sorted(pd.DataFrame(rows, columns=COLUMNS))


def write_scores(scores: pd.DataFrame, path: Path) -> None:
    """Write a score table as CSV: sorted, six significant digits, NaN empty, LF; whole or not at all."""
    text = _sorted(scores)[COLUMNS].to_csv(index=False, float_format="%.6g", lineterminator="\n")
    write_bytes(text.encode(), path)


def read_scores(path: Path) -> pd.DataFrame:
    """Return a score table as it was written; values have six significant digits.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if a column is missing or a value is no number.
    """
    texts = {"run": str, "image": str, "metric": str}
    empty = {"threshold": [""], "value": [""]}
    kinds = {**texts, "threshold": float, "value": float}
    try:
        scores = pd.read_csv(path, dtype=kinds, keep_default_na=False, na_values=empty, encoding="utf-8")
    except ValueError as error:
        raise ValueError(f"{path}: not a score table ({' '.join(str(error).split())}); evaluate again") from error
    if list(scores.columns) != COLUMNS:
        raise ValueError(f"{path}: columns are {list(scores.columns)}, expected {COLUMNS}; evaluate again")
    return scores


def _sorted(scores: pd.DataFrame) -> pd.DataFrame:
    return scores.sort_values(["run", "image", "threshold", "metric"], kind="stable", ignore_index=True)


def _rows(true: LabelImage, pred: LabelImage, thresholds: Sequence[float], failed: int) -> list[Row]:
    whole = iou_pairs(true, pred)
    inner = iou_pairs(without_border_objects(true), without_border_objects(pred))
    counts: list[Row] = [(np.nan, "n_true", whole.n_true), (np.nan, "n_pred", whole.n_pred), (np.nan, "failed", failed)]
    pixels: list[Row] = [(np.nan, name, PIXEL_METRICS[name].compute(true, pred)) for name in PIXEL_METRICS]
    return [*counts, *pixels, *_detection(inner, thresholds, ""), *_detection(whole, thresholds, WITH_BORDER)]


def _detection(pairs: SparsePairs, thresholds: Sequence[float], suffix: str) -> Iterator[Row]:
    metrics = {name + suffix: MATCHING_METRICS[name] for name in MATCHING_METRICS}
    for threshold in (round(t, 6) for t in thresholds):
        matching = match(pairs, threshold)
        yield from ((threshold, name, metric.compute(matching)) for name, metric in metrics.items())


def _worth_of_failure() -> dict[str, float]:
    """Return what each metric is for an image without prediction, where that differs from an empty prediction."""
    matched = {name: MATCHING_METRICS[name].failed for name in MATCHING_METRICS}
    with_border = {name + WITH_BORDER: failed for name, failed in matched.items()}
    pixels = {name: PIXEL_METRICS[name].failed for name in PIXEL_METRICS}
    return {name: value for name, value in {**matched, **with_border, **pixels}.items() if value is not None}
