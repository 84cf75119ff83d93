import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cellarena.evaluation.matching import iou_pairs, match
from cellarena.evaluation.scores import COLUMNS, THRESHOLDS, read_scores, score, score_image, write_scores
from cellarena.records import Run

RUN = Run("unet", "real", 0)
LABELS = arrays(np.uint16, (9, 10), elements=st.integers(0, 5))
PER_THRESHOLD = {"tp", "fp", "fn", "precision", "recall", "f1"}


def scored(true, pred, threshold=0.5):
    """Scores of one image as metric -> value, at one threshold and of the whole image."""
    rows = score_image(true, pred, [threshold])
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
    names = [row[:2] for row in score_image(TWO, None, [0.5, 0.7])]
    expected = [row[:2] for row in score_image(TWO, TWO, [0.5, 0.7])]
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
    found = {t: v for t, name, v in score_image(true, pred, THRESHOLDS) if name == "f1"}
    assert found == {t: float(t <= 0.75) for t in THRESHOLDS}


def test_thresholds_with_rounding_error_are_those_that_were_meant():
    true, pred = blocks((2, 2), side=5, shape=(9, 9)), blocks((2, 2), side=5, shape=(9, 9))
    pred[2, 2:7] = pred[3, 2:7] = 0
    assert [v for _, name, v in score_image(true, pred, [0.1 + 0.2 + 0.3]) if name == "f1"] == [1]


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
    assert all(v == 1 for _, name, v in score_image(true, true, THRESHOLDS) if name.startswith(("f1", "dice")))


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


def table(pairs):
    return score(pairs, RUN, [0.7, 0.5])


def test_table_has_every_cell_in_order():
    scores = table([("b", TWO, TWO), ("a", TWO, None)])
    assert list(scores.columns) == COLUMNS
    assert scores["run"].unique().tolist() == ["unet-real-0"]
    assert scores["image"].unique().tolist() == ["a", "b"]
    detection = scores[scores["threshold"] == 0.7]
    assert set(detection["metric"]) == PER_THRESHOLD | {f"{name}_with_border" for name in PER_THRESHOLD}
    assert set(scores[scores["threshold"].isna()]["metric"]) == {"dice", "n_true", "n_pred", "failed"}
    assert len(scores) == 2 * (2 * 12 + 4)
    assert scores.equals(table([("a", TWO, None), ("b", TWO, TWO)]))


def test_table_survives_the_disk(tmp_path):
    scores = table([("007", TWO, EMPTY), ("nan", blocks((4, 4), (9, 9), (9, 4)), TWO), ("NA", TWO, None)])
    write_scores(scores, tmp_path / "new" / "scores.csv")
    back = read_scores(tmp_path / "new" / "scores.csv")
    pd.testing.assert_frame_equal(back, scores, rtol=1e-5)
    write_scores(back, tmp_path / "again.csv")
    content = (tmp_path / "again.csv").read_bytes()
    assert content == (tmp_path / "new" / "scores.csv").read_bytes()
    assert b"unet-real-0,007,0.5,precision,\n" in content
    assert b"\r" not in content
    assert b"nan,," in content


@pytest.mark.parametrize("content", ["", "run,image\n", "run,image,threshold,metric,value\na,b,0.5,f1,high\n"])
def test_bad_tables_are_refused(tmp_path, content):
    (tmp_path / "scores.csv").write_text(content)
    with pytest.raises(ValueError, match=r"scores\.csv"):
        read_scores(tmp_path / "scores.csv")


def test_missing_table(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_scores(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([], "unet-real-0: no image"),
        ([("a", TWO, TWO), ("a", TWO, TWO)], "'a' comes twice"),
        ([("a", TWO, TWO[1:])], "image 'a': .*shape"),
    ],
)
def test_bad_pairs_are_refused(pairs, message):
    with pytest.raises(ValueError, match=message):
        table(pairs)
