"""Hand-made label pairs for each category and each rule of precedence, and what holds for all pairs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cellarena.evaluation.errors.categories import CATEGORIES, OF_TRUE, categorize
from cellarena.evaluation.matching import iou_pairs, match

SMALL_LABELS = arrays(np.uint16, (5, 6), elements=st.integers(0, 4))
SWAPPED = {"merge": "split", "split": "merge", "missed": "spurious", "spurious": "missed"}


def found(true, pred):
    """Return label -> category, and label -> partners, of both sides."""
    sides = categorize(iou_pairs(np.array(true), np.array(pred)))
    return [{int(n): (c, p) for n, c, p in zip(s.label, s.category, s.partners, strict=True)} for s in sides]


@pytest.mark.parametrize(
    ("true", "pred", "expected_true", "expected_pred"),
    [
        pytest.param([[3, 3, 0]], [[8, 8, 0]], {3: ("match", (8,))}, {8: ("match", (3,))}, id="match"),
        pytest.param([[1, 1, 1, 1]], [[5, 5, 0, 0]], {1: ("match", (5,))}, {5: ("match", (1,))}, id="IoU exactly 0.5"),
        pytest.param([[4, 4, 0, 0]], [[0, 0, 0, 0]], {4: ("missed", ())}, {}, id="missed"),
        pytest.param([[0, 0, 0, 0]], [[0, 9, 9, 0]], {}, {9: ("spurious", ())}, id="spurious"),
        pytest.param([[0, 0]], [[0, 0]], {}, {}, id="nothing on either side"),
        pytest.param(
            [[1, 1, 1, 0, 0, 0]], [[0, 2, 2, 2, 2, 0]],
            {1: ("poor localisation", (2,))}, {2: ("poor localisation", (1,))}, id="IoU 0.4",
        ),
        pytest.param(
            [[1, 0, 0, 0, 0, 0, 0, 0, 0, 0]], [[2] * 10],
            {1: ("poor localisation", (2,))}, {2: ("poor localisation", (1,))}, id="IoU exactly 0.1",
        ),
        pytest.param(
            [[1] + [0] * 10], [[2] * 11], {1: ("missed", ())}, {2: ("spurious", ())}, id="IoU below 0.1 is none",
        ),
        pytest.param(
            [[1, 1, 2, 2, 3, 3]], [[7] * 6],
            dict.fromkeys((1, 2, 3), ("merge", (7,))), {7: ("merge", (1, 2, 3))}, id="merge of three",
        ),
        pytest.param(
            [[7] * 6], [[1, 1, 2, 2, 3, 3]],
            {7: ("split", (1, 2, 3))}, dict.fromkeys((1, 2, 3), ("split", (7,))), id="split in three",
        ),
        pytest.param(
            [[1, 1, 1, 1, 2, 2]], [[7] * 6],
            {1: ("match", (7,)), 2: ("merge", (7,))}, {7: ("match", (1,))}, id="a match comes before a merge",
        ),
        pytest.param(
            [[7] * 6], [[1, 1, 1, 1, 2, 2]],
            {7: ("match", (1,))}, {1: ("match", (7,)), 2: ("split", (7,))}, id="a match comes before a split",
        ),
        pytest.param(
            [[1, 1, 1, 1, 1, 1, 2, 2, 0, 0]], [[5, 5, 5, 5, 5, 5, 5, 5, 0, 0]],
            {1: ("match", (5,)), 2: ("merge", (5,))}, {5: ("match", (1,))}, id="merged into the match of another",
        ),
        pytest.param(
            [[1, 1, 2, 2], [1, 1, 2, 2]], [[8, 8, 8, 8], [9, 9, 9, 9]],
            {1: ("merge+split", (8, 9)), 2: ("merge+split", (8, 9))},
            {8: ("merge+split", (1, 2)), 9: ("merge+split", (1, 2))}, id="cut the wrong way",
        ),
        pytest.param(
            # 7 holds all of 1 and five ninths of 2, which holds five eighths of 7 and all of 8.
            [[1] * 3 + [2] * 9], [[7] * 8 + [8] * 4],
            {1: ("merge+split", (7,)), 2: ("merge+split", (7, 8))},
            {7: ("merge+split", (1, 2)), 8: ("merge+split", (2,))}, id="a merge and a split hang together",
        ),
        pytest.param(
            # 1 and 2 are merged into 5, of which 6 is a piece beside the match: the match does not connect them.
            [[1] * 8 + [2] * 2], [[6] * 2 + [5] * 8],
            {1: ("match", (5,)), 2: ("merge", (5,))}, {5: ("match", (1,)), 6: ("split", (1,))},
            id="a match does not connect merge and split",
        ),
        pytest.param(
            [[1, 1, 1, 1, 1, 0, 0, 0, 0, 0]], [[2, 3, 3, 0, 0, 0, 0, 0, 0, 0]],
            {1: ("split", (2, 3))}, {2: ("split", (1,)), 3: ("split", (1,))}, id="two small pieces are a split",
        ),
        pytest.param(
            [[0, 0, 1, 1, 1, 1, 0, 0, 0, 0]], [[2, 2, 2, 0, 0, 3, 3, 3, 3, 0]],
            {1: ("poor localisation", (2,))}, {2: ("poor localisation", (1,)), 3: ("spurious", ())},
            id="of two that overlap a little the better is the poor localisation",
        ),
    ],
)  # fmt: skip
def test_golden(true, pred, expected_true, expected_pred):
    assert found(true, pred) == [expected_true, expected_pred]


def tally(side):
    return {category: int((side.category == category).sum()) for category in CATEGORIES}


@given(SMALL_LABELS, SMALL_LABELS)
def test_every_object_has_one_category_and_matches_are_those_scored(true, pred):
    matching = match(iou_pairs(true, pred), 0.5)
    of_true, of_pred = categorize(iou_pairs(true, pred))
    assert of_true.label.tolist() == [v for v in np.unique(true) if v]
    assert of_pred.label.tolist() == [v for v in np.unique(pred) if v]
    assert sum(tally(of_true).values()) == matching.n_true
    assert sum(tally(of_pred).values()) == matching.n_pred
    assert set(of_true.category) <= set(OF_TRUE)
    assert "missed" not in set(of_pred.category)
    assert tally(of_true)["match"] == tally(of_pred)["match"] == matching.tp
    assert tally(of_true)["poor localisation"] == tally(of_pred)["poor localisation"]


@given(SMALL_LABELS, SMALL_LABELS)
def test_partners_and_events_agree(true, pred):
    of_true, of_pred = categorize(iou_pairs(true, pred))
    for side, other in ((of_true, of_pred), (of_pred, of_true)):
        for category, partners, iou in zip(side.category, side.partners, side.iou, strict=True):
            assert set(partners) <= set(other.label.tolist())
            assert bool(partners) == (category not in {"missed", "spurious"})
            assert len(partners) == 1 or category not in {"match", "poor localisation"}
            assert (iou >= 0.5) if category == "match" else (0 <= iou < 1)
    # One error has one number: partners that share a category share it.
    for k, partners in enumerate(of_true.partners):
        for partner in partners:
            j = of_pred.label.tolist().index(partner)
            if of_pred.category[j] == of_true.category[k]:
                assert of_pred.event[j] == of_true.event[k]


@given(SMALL_LABELS, SMALL_LABELS, st.permutations(range(1, 5)), st.sampled_from([np.fliplr, np.flipud, np.transpose]))
def test_other_labels_and_mirrors_change_no_number(true, pred, order, turn):
    renumbered = np.array([0, *order], np.uint16)
    before, after = (
        categorize(iou_pairs(true, pred)),
        categorize(iou_pairs(turn(renumbered[true]), turn(renumbered[pred]))),
    )
    assert [tally(side) for side in before] == [tally(side) for side in after]


@given(SMALL_LABELS, SMALL_LABELS)
def test_annotation_and_prediction_in_each_others_place_mirror_the_errors(true, pred):
    of_true, of_pred = (tally(side) for side in categorize(iou_pairs(true, pred)))
    mirrored = [tally(side) for side in categorize(iou_pairs(pred, true))]
    assert [{SWAPPED.get(c, c): n for c, n in side.items()} for side in mirrored] == [of_pred, of_true]
