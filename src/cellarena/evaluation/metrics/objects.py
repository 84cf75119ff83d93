"""Metrics of all touching pairs of an image at once: quality, overlap and number of objects."""

import math

import numpy as np

from cellarena.evaluation.assignment import largest_iou
from cellarena.evaluation.matching import Matching, SparsePairs, match
from cellarena.evaluation.metrics import ap, f1, on_pairs
from cellarena.evaluation.scores import THRESHOLDS

# PQ is defined for IoU above 0.5, where a match is unique without any assignment.
_ABOVE_HALF = float(np.nextafter(0.5, 1))


@on_pairs(failed=0.0, name="map")
def mean_ap(pairs: SparsePairs) -> float:
    """Return the mean over the IoU thresholds 0.50, 0.55 ... 0.95 of AP = tp / (tp + fp + fn).

    The score of the Data Science Bowl 2018: Caicedo et al., Nature Methods 16, 2019, doi:10.1038/s41592-019-0612-7.
    """
    return math.fsum(ap(match(pairs, threshold)) for threshold in THRESHOLDS) / len(THRESHOLDS)


@on_pairs(failed=0.0)
def pq(pairs: SparsePairs) -> float:
    """Return panoptic quality SQ x RQ, 0 if nothing is found, 1 if there are no objects on either side.

    Kirillov et al., "Panoptic segmentation", CVPR 2019, doi:10.1109/CVPR.2019.00963.
    """
    matching = _above_half(pairs)
    n_objects = matching.n_true + matching.n_pred
    return 2 * math.fsum(matching.iou) / n_objects if n_objects else 1.0


@on_pairs(failed=np.nan)
def sq(pairs: SparsePairs) -> float:
    """Return segmentation quality: the mean IoU of the pairs with IoU above 0.5; NaN if there is none."""
    matching = _above_half(pairs)
    return math.fsum(matching.iou) / matching.tp if matching.tp else np.nan


@on_pairs(failed=0.0)
def rq(pairs: SparsePairs) -> float:
    """Return recognition quality: F1 of the pairs with IoU above 0.5."""
    return f1(_above_half(pairs))


@on_pairs(failed=0.0)
def aji(pairs: SparsePairs) -> float:
    """Return the aggregated Jaccard index, in [0, 1]; 1 if there are no objects on either side.

    Every annotated object takes the predicted one of the largest IoU, which others may take too; predicted objects
    that none takes add to the union. Of equally good ones the larger overlap counts; if that is equal too, each is
    taken in equal parts, so that no numbering of the objects matters. Kumar et al., IEEE Transactions on Medical
    Imaging 36, 2017, doi:10.1109/TMI.2017.2677499.
    """
    order = np.lexsort((-pairs.intersection, -pairs.iou, pairs.true))
    true, iou, intersection = pairs.true[order], pairs.iou[order], pairs.intersection[order]
    first = np.flatnonzero(np.diff(true, prepend=-1))
    best = np.repeat(first, np.diff(first, append=len(true)))
    tied = (iou == iou[best]) & (intersection == intersection[best])
    share = 1 / np.bincount(true[tied], minlength=1)[true[tied]]
    taken = np.bincount(pairs.pred[order[tied]], weights=share, minlength=pairs.n_pred)
    chosen = order[first]
    alone = np.delete(pairs.true_area, pairs.true[chosen]).sum() + pairs.pred_area @ np.maximum(1 - taken, 0)
    union = pairs.union[chosen].sum() + alone
    return float(pairs.intersection[chosen].sum() / union) if union else 1.0


@on_pairs(failed=0.0)
def aji_plus(pairs: SparsePairs) -> float:
    """Return the aggregated Jaccard index of a one-to-one assignment with the largest sum of IoU, in [0, 1].

    1 if there are no objects on either side. Graham et al., "HoVer-Net", Medical Image Analysis 58, 2019,
    doi:10.1016/j.media.2019.101563.
    """
    kept = largest_iou(pairs.true, pairs.pred, pairs.iou, pairs.intersection)
    common = pairs.intersection[kept].sum()
    union = pairs.true_area.sum() + pairs.pred_area.sum() - common
    return float(common / union) if union else 1.0


@on_pairs(failed=0.0)
def seg(pairs: SparsePairs) -> float:
    """Return SEG: the mean over annotated objects of the IoU with the predicted one that covers more than half of it.

    An object that none covers so counts 0. NaN if something is predicted where nothing is annotated, which SEG does not
    see; 1 if nothing is predicted either. Cell Tracking Challenge: Ulman et al., Nature Methods 14, 2017,
    doi:10.1038/nmeth.4473.
    """
    if pairs.n_true == 0:
        return 1.0 if pairs.n_pred == 0 else np.nan
    covered = 2 * pairs.intersection > pairs.true_area[pairs.true]
    return math.fsum(pairs.iou[covered]) / pairs.n_true


@on_pairs(failed=np.nan)
def count_error(pairs: SparsePairs) -> float:
    """Return n_pred - n_true."""
    return pairs.n_pred - pairs.n_true


@on_pairs(failed=np.nan)
def count_error_relative(pairs: SparsePairs) -> float:
    """Return |n_pred - n_true| / n_true: NaN if something was predicted where nothing is, 0 if nothing was."""
    if pairs.n_true == 0:
        return 0.0 if pairs.n_pred == 0 else np.nan
    return abs(pairs.n_pred - pairs.n_true) / pairs.n_true


def _above_half(pairs: SparsePairs) -> Matching:
    return match(pairs, _ABOVE_HALF)
