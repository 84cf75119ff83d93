"""The challenge's scoring of one image, spelt out: loops over objects and pixels, a dense matrix, no shortcut.

Written from the description of `compute_metric.py` of the NeurIPS 2022 Cell Segmentation Challenge, to check the fast
implementation by; nothing here is shared with it.
"""

import numpy as np
from scipy.optimize import linear_sum_assignment


class LeftOutError(Exception):
    """The script gives up on the image: it has no row in its table and no part in its mean."""


def slow_official(true, pred, threshold, large=25_000_000, side=2000):
    """Return tp, fp, fn, precision, recall, f1, dice, n_true and n_pred as the script tabulates them.

    Raises:
        LeftOutError: if the script would fail on the image.
    """
    if pred is None or true.ndim != 2 or pred.shape != true.shape:
        raise LeftOutError
    dice = dice_of_foreground(true, pred)
    regions = [(to_int32(true), to_int32(pred))] if true.size < large else padded_regions(true, pred, side)
    tp = fp = fn = n_true = n_pred = 0
    for true_region, pred_region in regions:
        true_kept, pred_kept = (
            renumbered(without_border_cells(true_region)),
            renumbered(without_border_cells(pred_region)),
        )
        n_true += int(true_kept.max())
        n_pred += int(pred_kept.max())
        found, spurious, missed = counts(true_kept, pred_kept, threshold)
        tp, fp, fn = tp + found, fp + spurious, fn + missed
    precision = recall = f1 = 0
    if tp:
        precision, recall = tp / n_pred, tp / n_true
        f1 = 2 * (precision * recall) / (precision + recall)
    return {
        "tp": tp,
        "fp": fp,
        "fn": fn,
        "precision": np.round(precision, 4),
        "recall": np.round(recall, 4),
        "f1": np.round(f1, 4),
        "dice": np.round(dice, 4),
        "n_true": n_true,
        "n_pred": n_pred,
    }


def dice_of_foreground(true, pred):
    """Return Dice on all pixels, those of border cells included."""
    n_true = n_pred = n_both = 0
    for t, p in zip(true.ravel().tolist(), pred.ravel().tolist(), strict=True):
        n_true += t > 0
        n_pred += p > 0
        n_both += t > 0 and p > 0
    if n_true == 0:
        return 1.0 if n_pred == 0 else 0.0
    return 2 * n_both / (n_true + n_pred)


def to_int32(labels):
    """Return the labels as 32-bit integers, as the script does below 25 million pixels: large ones turn negative."""
    return labels.astype(np.int32)


def padded_regions(true, pred, side):
    """Yield squares of both images, zeros beyond the edge; the prediction takes on the annotation's type."""
    height, width = (-(-length // side) * side for length in true.shape)
    true_padded = np.zeros((height, width), true.dtype)
    pred_padded = np.zeros((height, width), true.dtype)
    true_padded[: true.shape[0], : true.shape[1]] = true
    pred_padded[: pred.shape[0], : pred.shape[1]] = pred.astype(true.dtype)
    for top in range(0, height, side):
        for left in range(0, width, side):
            yield (
                true_padded[top : top + side, left : left + side].copy(),
                pred_padded[top : top + side, left : left + side].copy(),
            )


def without_border_cells(labels):
    """Return the image without cells that have a pixel in the outer two rows or columns.

    The script multiplies the image by a frame of ones around zeros and skips the smallest value that it gets, as
    though that were always the background.
    """
    height, width = labels.shape
    values = set()
    for row in range(height):
        for column in range(width):
            in_frame = not (2 <= row < height - 2 and 2 <= column < width - 2)
            values.add(int(labels[row, column]) if in_frame else 0)
    kept = labels.copy()
    for cell in sorted(values)[1:]:
        kept[labels == cell] = 0
    return kept


def renumbered(labels):
    """Return the cells as 1, 2, 3, ... in the order of their labels; the script's way of doing so refuses negatives."""
    if labels.min() < 0:
        raise LeftOutError
    numbers = {cell: number for number, cell in enumerate(sorted(set(labels.ravel().tolist()) - {0}), 1)}
    renumbered = np.zeros(labels.shape, np.int64)
    for cell, number in numbers.items():
        renumbered[labels == cell] = number
    return renumbered


def counts(true, pred, threshold):
    """Return tp, fp, fn of renumbered cells; nothing at all where nothing is predicted."""
    n_true, n_pred = int(true.max()), int(pred.max())
    if n_pred == 0:
        return 0, 0, 0
    if n_true == 0:
        return 0, n_pred, 0
    overlap = np.zeros((n_true + 1, n_pred + 1))
    for t, p in zip(true.ravel().tolist(), pred.ravel().tolist(), strict=True):
        overlap[t, p] += 1
    area_true, area_pred = overlap.sum(axis=1), overlap.sum(axis=0)
    iou = np.zeros((n_true, n_pred))
    for t in range(1, n_true + 1):
        for p in range(1, n_pred + 1):
            iou[t - 1, p - 1] = overlap[t, p] / (area_true[t] + area_pred[p] - overlap[t, p])
    cost = np.zeros((n_true, n_pred))
    for t in range(n_true):
        for p in range(n_pred):
            cost[t, p] = -float(iou[t, p] >= threshold) - iou[t, p] / (2 * min(n_true, n_pred))
    rows, columns = linear_sum_assignment(cost)
    tp = sum(1 for t, p in zip(rows, columns, strict=True) if iou[t, p] >= threshold)
    return tp, n_pred - tp, n_true - tp
