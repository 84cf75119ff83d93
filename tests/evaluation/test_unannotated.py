"""What lies where nobody annotated counts neither for nor against a prediction, under either protocol."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cellarena.evaluation.answers import Annotation, Answer
from cellarena.evaluation.calibration.per_image import image_calibration
from cellarena.evaluation.protocols import PROTOCOLS
from cellarena.evaluation.unannotated import judgeable
from test_records import RECORD

SIDE = 40
IGNORED = np.zeros((SIDE, SIDE), bool)
IGNORED[:, 24:] = True


def squares(*corners: tuple[int, int], side: int = 6) -> np.ndarray:
    labels = np.zeros((SIDE, SIDE), np.uint16)
    for number, (top, left) in enumerate(corners, start=1):
        labels[top : top + side, left : left + side] = 10 * number
    return labels


TRUE = squares((4, 4), (4, 14), (20, 18))
NOTHING = np.zeros_like(TRUE)
ELSEWHERE = squares((4, 4), (4, 14), (20, 18), (4, 27), (14, 30), (30, 27))


def scores(true: np.ndarray, pred: np.ndarray, protocol: str) -> dict[tuple[str, str], float]:
    rows = PROTOCOLS[protocol].score(true, pred, [0.5, 0.9])
    return {(str(threshold), metric): value for threshold, metric, value in rows}


def test_without_ignored_pixels_the_prediction_is_the_very_same() -> None:
    assert judgeable(TRUE, TRUE, None) is TRUE
    assert judgeable(TRUE, TRUE[:3], IGNORED).shape == (3, SIDE)
    assert np.array_equal(judgeable(TRUE, TRUE, np.zeros_like(IGNORED)), TRUE)


@pytest.mark.parametrize("protocol", ["strict", "official"])
def test_objects_that_lie_there_change_no_score(protocol: str) -> None:
    expected = scores(TRUE, TRUE, protocol)
    assert str(scores(TRUE, judgeable(TRUE, ELSEWHERE, IGNORED), protocol)) == str(expected)
    assert str(scores(TRUE, ELSEWHERE, protocol)) != str(expected)


@pytest.mark.parametrize(("left", "stays"), [(20, True), (21, True), (22, False), (30, False)])
def test_an_object_with_more_than_half_of_its_pixels_there_is_left_out(left: int, stays: bool) -> None:
    found = judgeable(NOTHING, squares((10, left)), IGNORED)
    assert found.any() == stays
    assert not found[IGNORED].any()


def test_what_reaches_out_does_not_weigh_on_the_overlap() -> None:
    wide = TRUE.copy()
    wide[20:26, 24:29] = 30
    assert scores(TRUE, wide, "strict")["0.9", "fp"] == 1
    assert scores(TRUE, judgeable(TRUE, wide, IGNORED), "strict")["0.9", "f1"] == 1


def test_a_cell_that_is_cut_off_there_is_found_by_a_prediction_of_all_of_it() -> None:
    true = np.where(IGNORED, 0, squares((10, 22)))
    found = judgeable(true, squares((10, 22)), IGNORED)
    assert np.array_equal(found, true)
    shifted = judgeable(true, squares((14, 22)), IGNORED)
    assert not shifted.any()


def test_what_is_wrong_elsewhere_still_counts() -> None:
    pred = squares((4, 4), (32, 4), (4, 30))
    found = scores(TRUE, judgeable(TRUE, pred, IGNORED), "strict")
    assert [found["0.5", name] for name in ("tp", "fp", "fn")] == [1, 1, 2]


@given(hnp.arrays(np.uint8, (6, 7), elements=st.integers(0, 4)), hnp.arrays(bool, (6, 7)))
def test_labels_keep_their_numbers_and_type(pred: np.ndarray, ignored: np.ndarray) -> None:
    found = judgeable(np.zeros_like(pred), pred, ignored)
    assert found.dtype == pred.dtype
    for label in np.unique(pred[pred > 0]):
        inside, out = pred == label, (pred == label) & ignored
        expected = inside & ~ignored if 2 * out.sum() <= inside.sum() else inside & False
        assert np.array_equal(found == label, expected)


def answer(pred, ignored=None):
    return Answer.of(Annotation(RECORD, TRUE, TRUE, ignored), judgeable(TRUE, pred, ignored))


def test_calibration_judges_neither_pixels_nor_objects_there() -> None:
    codes = np.random.default_rng(0).integers(0, 2**16, TRUE.shape).astype(np.uint16)
    classes = (TRUE > 0).astype(np.uint8)
    part, spoilt = image_calibration(answer(ELSEWHERE, IGNORED), classes, codes, 1.0), codes.copy()
    spoilt[IGNORED] = 0
    again = image_calibration(answer(TRUE, IGNORED), classes, spoilt, 1.0)
    assert part.labels.tolist() == again.labels.tolist() == [10, 20, 30]
    assert part.confidence["raw"].tolist() == again.confidence["raw"].tolist()
    assert str(part.sums) == str(again.sums)
    assert str(part.sums) != str(image_calibration(answer(ELSEWHERE), classes, codes, 1.0).sums)
