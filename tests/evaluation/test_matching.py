import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linear_sum_assignment

from cellarena.evaluation.matching import iou_pairs, match

SMALL_LABELS = arrays(np.uint16, (5, 6), elements=st.integers(0, 4))


def dense_tp(true, pred, threshold):
    """The challenge's own formulation on a dense matrix, with sets of pixels."""
    true_objects = [set(map(tuple, np.argwhere(true == v))) for v in np.unique(true) if v]
    pred_objects = [set(map(tuple, np.argwhere(pred == v))) for v in np.unique(pred) if v]
    if not true_objects or not pred_objects:
        return 0
    iou = np.array([[len(a & b) / len(a | b) for b in pred_objects] for a in true_objects])
    cost = -(iou >= threshold).astype(float) - iou / (2 * min(iou.shape))
    return int((iou[linear_sum_assignment(cost)] >= threshold).sum())


def counts(true, pred, threshold=0.5):
    matching = match(iou_pairs(np.array(true), np.array(pred)), threshold)
    return matching.tp, matching.fp, matching.fn


@pytest.mark.parametrize(
    ("true", "pred", "expected"),
    [
        pytest.param([[1, 1, 0, 2]], [[7, 7, 0, 9]], (2, 0, 0), id="the same objects under other labels"),
        pytest.param([[1, 1, 1, 1]], [[1, 1, 0, 0]], (1, 0, 0), id="IoU exactly 0.5 counts"),
        pytest.param([[1, 1, 1, 1, 1]], [[1, 1, 0, 0, 0]], (0, 1, 1), id="IoU 0.4 does not"),
        pytest.param([[1, 1, 1, 1]], [[1, 1, 2, 2]], (1, 1, 0), id="one object split in two halves matches one"),
        pytest.param([[1, 1, 2, 2]], [[3, 3, 3, 3]], (1, 0, 1), id="two objects merged match one"),
        pytest.param([[1, 1, 0, 0]], [[0, 0, 2, 2]], (0, 1, 1), id="no overlap"),
        pytest.param([[1, 1, 0, 2]], [[0, 0, 0, 0]], (0, 0, 2), id="nothing predicted: all are missed"),
        pytest.param([[0, 0, 0, 0]], [[1, 0, 2, 2]], (0, 2, 0), id="nothing annotated: all are wrong"),
        pytest.param([[0, 0]], [[0, 0]], (0, 0, 0), id="nothing on either side"),
        pytest.param([[5, 5, 5, 0], [0, 0, 0, 5]], [[1, 1, 1, 0], [0, 0, 0, 2]], (1, 1, 0), id="one object in parts"),
        pytest.param([[1, 1], [1, 1]], [[4, 4], [4, 0]], (1, 0, 0), id="three of four pixels"),
    ],
)
def test_golden_counts(true, pred, expected):
    assert counts(true, pred) == expected


def test_iou_by_hand():
    pairs = iou_pairs(np.array([[3, 3, 9, 9, 0]]), np.array([[1, 2, 2, 2, 2]]))
    assert pairs.true.tolist() == [0, 0, 1]
    assert pairs.pred.tolist() == [0, 1, 1]
    assert pairs.iou.tolist() == [1 / 2, 1 / 5, 2 / 4]
    assert (pairs.n_true, pairs.n_pred) == (2, 2)


def test_low_threshold_prefers_more_pairs_to_a_better_one():
    # pred 1 overlaps true 1 by 2/6 and true 2 by 3/6; pred 2 overlaps true 2 alone, by 2/8.
    true = np.array([[1, 1, 1, 2, 2, 2, 2, 2, 0, 0, 0]])
    pred = np.array([[0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2]])
    matching = match(iou_pairs(true, pred), 0.25)
    assert list(zip(matching.true.tolist(), matching.pred.tolist(), strict=True)) == [(0, 0), (1, 1)]
    assert match(iou_pairs(true, pred), 0.3).tp == 1


def test_tie_in_number_goes_to_the_larger_iou():
    matching = match(iou_pairs(np.array([[1, 1, 1, 1, 1]]), np.array([[1, 1, 2, 2, 2]])), 0.3)
    assert matching.pred.tolist() == [1]
    assert matching.iou.tolist() == [3 / 5]


@given(SMALL_LABELS, SMALL_LABELS, st.sampled_from([0.1, 0.2, 0.3, 1 / 3, 0.5, 0.55, 0.75, 1.0]))
def test_agrees_with_a_dense_assignment(true, pred, threshold):
    assert match(iou_pairs(true, pred), threshold).tp == dense_tp(true, pred, threshold)


@given(SMALL_LABELS, SMALL_LABELS)
def test_objects_are_matched_at_most_once(true, pred):
    matching = match(iou_pairs(true, pred), 0.1)
    assert len(set(matching.true.tolist())) == len(set(matching.pred.tolist())) == matching.tp
    assert np.all(matching.iou >= 0.1)


@given(SMALL_LABELS, SMALL_LABELS)
def test_a_higher_threshold_never_matches_more(true, pred):
    found = [match(iou_pairs(true, pred), threshold).tp for threshold in (0.1, 0.3, 0.5, 0.7, 0.9)]
    assert found == sorted(found, reverse=True)


def tiles(size, side, shift):
    y, x = np.mgrid[:size, :size]
    return (y // side * (size // side + 2) + (x + shift) // side + 1).astype(np.int64)


def test_many_labels_need_neither_time_nor_memory_squared():
    true, pred = tiles(2048, 7, 0) * 1_000_003, tiles(2048, 7, 3)
    start = time.perf_counter()
    pairs = iou_pairs(true, pred)
    matching = match(pairs, 0.5)
    low = match(pairs, 0.3)
    assert time.perf_counter() - start < 5
    assert pairs.n_true > 70_000
    assert len(pairs.iou) < 3 * pairs.n_true
    assert matching.tp < low.tp <= pairs.n_true


def test_a_long_chain_of_disputes_is_solved():
    line = np.arange(6 * 5000)[None]
    assert match(iou_pairs(line // 6 + 1, (line + 3) // 6 + 1), 0.3).tp == 5000


def test_other_shapes_are_refused():
    with pytest.raises(ValueError, match=r"\(2, 3\).*\(3, 2\)"):
        iou_pairs(np.zeros((2, 3), int), np.zeros((3, 2), int))


@pytest.mark.parametrize(
    ("pred", "message"), [(np.ones((1, 2)), "float64"), (np.ones((1, 2), bool), "bool"), (np.array([[-1, 0]]), "-1")]
)
def test_other_than_label_images_are_refused(pred, message):
    with pytest.raises(ValueError, match=f"prediction.*{message}"):
        iou_pairs(np.ones((1, 2), int), pred)


@pytest.mark.parametrize("threshold", [0, -0.1, 1.01, float("nan")])
def test_thresholds_out_of_range_are_refused(threshold):
    with pytest.raises(ValueError, match="outside"):
        match(iou_pairs(np.ones((1, 2), int), np.ones((1, 2), int)), threshold)
