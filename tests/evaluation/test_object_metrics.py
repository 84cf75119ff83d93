import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linear_sum_assignment

from cellarena.evaluation.matching import iou_pairs, match, without_border_pairs
from cellarena.evaluation.metrics import OBJECT_METRICS, ap
from cellarena.images.labels import without_border_objects

LABELS = arrays(np.uint16, (6, 7), elements=st.integers(0, 5))
# Prediction 1 covers three of four pixels of object 1 and one of object 2, which prediction 2 covers with another.
TRUE = np.array([[1, 1, 1, 1, 0, 0, 2, 2, 2, 2, 0, 0]])
PRED = np.array([[0, 1, 1, 1, 1, 0, 1, 0, 0, 2, 0, 3]])


def worth(name, true, pred):
    return OBJECT_METRICS[name].compute(iou_pairs(np.array(true), np.array(pred)))


def test_overlaps_by_hand():
    pairs = iou_pairs(TRUE, PRED)
    found = zip(pairs.true, pairs.pred, pairs.intersection, pairs.iou, strict=True)
    assert [tuple(row) for row in found] == [(0, 0, 3, 3 / 6), (1, 0, 1, 1 / 8), (1, 1, 1, 1 / 4)]
    assert pairs.true_area.tolist() == [4, 4]
    assert pairs.pred_area.tolist() == [5, 1, 1]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # One match at 0.50, none above: AP 1 / (2 + 3 - 1), and 0 nine times.
        ("map", 1 / 4 / 10),
        # IoU 0.5 is not above 0.5.
        ("pq", 0),
        ("sq", math.nan),
        ("rq", 0),
        # Object 1 takes prediction 1 (3 of 6 pixels), object 2 prediction 2 (1 of 4); prediction 3 is left.
        ("aji", (3 + 1) / (6 + 4 + 1)),
        ("aji_plus", (3 + 1) / (6 + 4 + 1)),
        # Three of four pixels of object 1 are covered by one prediction.
        ("seg", (3 / 6 + 0) / 2),
        ("count_error", 1),
        ("count_error_relative", 1 / 2),
    ],
)
def test_by_hand(name, expected):
    assert worth(name, TRUE, PRED) == pytest.approx(expected, nan_ok=True)


def test_panoptic_quality_by_hand():
    # IoU 3/4 and 1; one object missed, one prediction wrong.
    true, pred = [[1, 1, 1, 1, 0, 2, 2, 0, 3, 0, 0]], [[1, 1, 1, 0, 0, 2, 2, 0, 0, 0, 4]]
    assert worth("sq", true, pred) == (3 / 4 + 1) / 2
    assert worth("rq", true, pred) == 2 / 3
    assert worth("pq", true, pred) == pytest.approx((3 / 4 + 1) / 3)


def test_aji_takes_a_prediction_twice_and_aji_plus_once():
    true, pred = [[1, 1, 1, 2, 2]], [[5, 5, 5, 5, 5]]
    assert worth("aji", true, pred) == (3 + 2) / (5 + 5)
    assert worth("aji_plus", true, pred) == 3 / (5 + 2)


def test_aji_plus_prefers_the_largest_sum_of_iou_to_the_best_pair():
    # Object 1: 2/6 with prediction 1, 2/7 with prediction 2; object 2: 3/8 with prediction 1 alone.
    true = np.array([[1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 0, 0]])
    pred = np.array([[2, 2, 1, 1, 1, 1, 1, 0, 0, 0, 2, 2]])
    assert worth("aji_plus", true, pred) == (2 + 3) / (10 + 9 - 5)


def test_aji_plus_gives_up_a_pair_above_half_for_two_that_are_worth_more():
    # 20 / 38 = 0.53 of the pair in the middle, or twice 9 / 29 = 0.31 of those beside it.
    true, pred = [[1] * 29 + [2] * 9], [[2] * 9 + [1] * 29]
    assert worth("aji_plus", true, pred) == 18 / (38 + 38 - 18)


EMPTY, ONE = [[0, 0, 0]], [[0, 4, 4]]


@pytest.mark.parametrize(
    ("name", "both", "no_pred", "no_true"),
    [
        ("map", 1, 0, 0),
        ("pq", 1, 0, 0),
        ("sq", math.nan, math.nan, math.nan),
        ("rq", 1, 0, 0),
        ("aji", 1, 0, 0),
        ("aji_plus", 1, 0, 0),
        ("seg", 1, 0, math.nan),
        ("count_error", 0, -1, 1),
        ("count_error_relative", 0, 1, math.nan),
    ],
)
def test_what_is_empty(name, both, no_pred, no_true):
    found = [worth(name, EMPTY, EMPTY), worth(name, ONE, EMPTY), worth(name, EMPTY, ONE)]
    assert found == pytest.approx([both, no_pred, no_true], nan_ok=True)


def test_every_metric_has_its_empty_cases_above():
    tried = {"map", "pq", "sq", "rq", "aji", "aji_plus", "seg", "count_error", "count_error_relative"}
    assert set(OBJECT_METRICS) == tried


@pytest.mark.parametrize("name", ["map", "pq", "sq", "rq", "aji", "aji_plus", "seg"])
@given(LABELS)
def test_the_annotation_itself_is_perfect(name, true):
    value = worth(name, true, true)
    assert value == 1 or (name == "sq" and not true.any())


def dense(true, pred):
    """IoU and overlap of all pairs, and the areas."""
    a = [true == v for v in np.unique(true) if v]
    b = [pred == v for v in np.unique(pred) if v]
    common = np.array([[(x & y).sum() for y in b] for x in a], float).reshape(len(a), len(b))
    areas = np.array([x.sum() for x in a], float), np.array([y.sum() for y in b], float)
    union = areas[0][:, None] + areas[1][None] - common
    return common, union, areas


@given(LABELS, LABELS)
def test_aji_plus_agrees_with_a_dense_assignment(true, pred):
    common, union, areas = dense(true, pred)
    if common.size == 0:
        return
    iou = common / union
    # Ties in the sum of IoU go to more common pixels.
    rows, columns = linear_sum_assignment(-(iou + 1e-9 * common))
    total = common[rows, columns].sum()
    assert worth("aji_plus", true, pred) == pytest.approx(total / (areas[0].sum() + areas[1].sum() - total))


@given(LABELS, LABELS)
def test_aji_agrees_with_its_definition_where_no_two_are_equally_good(true, pred):
    common, union, areas = dense(true, pred)
    if common.size == 0:
        return
    iou, part, whole, used = common / union, 0.0, 0.0, set()
    for i, row in enumerate(iou):
        best = np.flatnonzero((row == row.max()) & (row > 0))
        if len(best) > 1:
            return
        part += common[i, best].sum()
        whole += union[i, best].sum() if len(best) else areas[0][i]
        used |= set(best.tolist())
    whole += sum(area for j, area in enumerate(areas[1]) if j not in used)
    assert worth("aji", true, pred) == pytest.approx(part / whole)


@given(LABELS, LABELS)
def test_map_is_the_mean_of_ap(true, pred):
    pairs = iou_pairs(true, pred)
    thresholds = [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95]
    assert worth("map", true, pred) == pytest.approx(np.mean([ap(match(pairs, t)) for t in thresholds]))


@given(LABELS, LABELS)
def test_quality_is_that_of_segmentation_times_that_of_recognition(true, pred):
    sq = worth("sq", true, pred)
    if not math.isnan(sq):
        assert worth("pq", true, pred) == pytest.approx(sq * worth("rq", true, pred))


@given(arrays(np.uint16, (9, 8), elements=st.integers(0, 6)), arrays(np.uint16, (9, 8), elements=st.integers(0, 6)))
def test_pairs_without_border_objects_are_those_of_images_without_them(true, pred):
    quick = without_border_pairs(iou_pairs(true, pred), true, pred)
    slow = iou_pairs(without_border_objects(true), without_border_objects(pred))
    for name in ("true", "pred", "intersection", "iou", "true_labels", "pred_labels", "true_area", "pred_area"):
        np.testing.assert_array_equal(getattr(quick, name), getattr(slow, name))


def test_labels_of_any_size_are_kept():
    huge = np.array([[0, 2**64 - 1, 2**63]], np.uint64)
    assert iou_pairs(huge, huge).true_labels.tolist() == [2**63, 2**64 - 1]
