import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cellarena.evaluation.matching import iou_pairs, match
from cellarena.evaluation.protocols.strict import score_strict
from cellarena.evaluation.scores import THRESHOLDS

LABELS = arrays(np.uint16, (9, 10), elements=st.integers(0, 5))


def scored(true, pred, threshold=0.5):
    """Scores of one image as metric -> value, at one threshold and of the whole image."""
    rows = score_strict(true, pred, [threshold])
    return {name: value for _, name, value in rows}


def blocks(*corners, side=3, shape=(20, 20)):
    labels = np.zeros(shape, np.uint16)
    for number, (y, x) in enumerate(corners, start=1):
        labels[y : y + side, x : x + side] = number
    return labels


def same(left, right):
    return left.keys() == right.keys() and all(np.array_equal(left[k], right[k], equal_nan=True) for k in left)


EMPTY = blocks()
TWO = blocks((4, 4), (10, 10))


def test_perfect_prediction():
    values = scored(TWO, TWO)
    assert values["f1"] == values["precision"] == values["recall"] == values["dice"] == 1
    assert (values["tp"], values["fp"], values["fn"], values["n_true"], values["n_pred"]) == (2, 0, 0, 2, 2)
    assert values["failed"] == 0


def test_both_empty_is_right():
    values = scored(EMPTY, EMPTY)
    assert values["f1"] == values["precision"] == values["recall"] == values["dice"] == 1
    assert values["f1_with_border"] == 1


def test_empty_prediction_counts_what_was_missed():
    values = scored(TWO, EMPTY)
    assert (values["tp"], values["fp"], values["fn"]) == (0, 0, 2)
    assert values["f1"] == values["recall"] == values["dice"] == values["failed"] == 0
    assert math.isnan(values["precision"])


def test_prediction_where_nothing_is():
    values = scored(EMPTY, TWO)
    assert (values["tp"], values["fp"], values["fn"]) == (0, 2, 0)
    assert values["f1"] == values["precision"] == values["dice"] == 0
    assert math.isnan(values["recall"])


@pytest.mark.parametrize(("true", "n_true"), [(TWO, 2), (EMPTY, 0)])
def test_failed_prediction_is_never_right(true, n_true):
    values = scored(true, None)
    assert values["failed"] == 1
    assert (values["tp"], values["fp"], values["fn"], values["n_pred"]) == (0, 0, n_true, 0)
    assert values["f1"] == values["f1_with_border"] == values["recall"] == values["dice"] == 0
    assert math.isnan(values["precision"])


def test_failed_rows_are_those_of_a_prediction():
    names = [row[:2] for row in score_strict(TWO, None, [0.5, 0.7])]
    expected = [row[:2] for row in score_strict(TWO, TWO, [0.5, 0.7])]
    assert [str(name) for name in names] == [str(name) for name in expected]


def test_border_rule_drops_what_touches_the_outer_two_pixels():
    true = blocks((1, 5), (8, 8))
    pred = blocks((2, 5), (8, 8))
    values = scored(true, pred)
    assert (values["tp"], values["fp"], values["fn"]) == (1, 1, 0)
    assert (values["tp_with_border"], values["fp_with_border"], values["fn_with_border"]) == (2, 0, 0)
    assert values["f1"] == pytest.approx(2 / 3)
    assert (values["n_true"], values["n_pred"]) == (2, 2)


def test_dice_counts_the_foreground_before_the_border_rule():
    true, pred = blocks((0, 0)), blocks((0, 0), (10, 10))
    assert scored(true, pred)["dice"] == pytest.approx(2 * 9 / (9 + 18))


def test_thresholds_by_hand():
    true, pred = blocks((5, 5), side=4), blocks((5, 5), side=4)
    pred[5, 5:9] = 0
    found = {t: v for t, name, v in score_strict(true, pred, THRESHOLDS) if name == "f1"}
    assert found == {t: float(t <= 0.75) for t in THRESHOLDS}


def test_thresholds_with_rounding_error_are_those_that_were_meant():
    true, pred = blocks((2, 2), side=5, shape=(9, 9)), blocks((2, 2), side=5, shape=(9, 9))
    pred[2, 2:7] = pred[3, 2:7] = 0
    assert [v for _, name, v in score_strict(true, pred, [0.1 + 0.2 + 0.3]) if name == "f1"] == [1]


@given(LABELS, LABELS, st.permutations(range(1, 6)), st.permutations(range(1, 6)))
def test_relabelling_changes_nothing(true, pred, true_order, pred_order):
    other_true = np.array([0, *true_order], np.int64)[true] * 1001
    other_pred = np.array([0, *pred_order], np.int64)[pred]
    assert same(scored(true, pred), scored(other_true, other_pred))


@given(LABELS, LABELS, st.sampled_from([np.transpose, np.flipud, np.fliplr, np.rot90]))
def test_turning_both_changes_nothing(true, pred, turn):
    assert same(scored(true, pred), scored(turn(true), turn(pred)))


@given(LABELS)
def test_the_annotation_itself_is_perfect(true):
    assert all(v == 1 for _, name, v in score_strict(true, true, THRESHOLDS) if name.startswith(("f1", "dice")))


@given(LABELS, LABELS, st.sampled_from([0.3, 0.5, 0.6]), st.data())
def test_losing_a_found_object_never_raises_f1(true, pred, threshold, data):
    matching = match(iou_pairs(true, pred), threshold)
    assume(matching.tp > 0)
    labels = np.unique(pred[pred > 0])
    lost = labels[data.draw(st.sampled_from(matching.pred.tolist()))]
    without = np.where(pred == lost, 0, pred)
    assert scored(true, without, threshold)["f1_with_border"] <= scored(true, pred, threshold)["f1_with_border"]


@given(LABELS, LABELS)
def test_counts_add_up(true, pred):
    values = scored(true, pred)
    assert values["tp_with_border"] + values["fn_with_border"] == values["n_true"]
    assert values["tp_with_border"] + values["fp_with_border"] == values["n_pred"]
    assert 0 <= values["f1"] <= 1
