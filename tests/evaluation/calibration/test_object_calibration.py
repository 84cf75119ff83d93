import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellarena.evaluation.calibration.objects import (
    METRICS,
    Objects,
    aurc,
    auroc,
    coverage_at_precision,
    matched_objects,
    object_brier,
    object_confidences,
    object_ece,
    object_precision,
    ranked,
    risk_coverage,
)
from cellarena.evaluation.matching import iou_pairs, without_border_pairs
from cellarena.images.probabilities import encoded

# Four objects in two images, the surest first: right, wrong, right, right.
FOUR = Objects(np.array([0, 0, 1, 1]), np.array([0.9, 0.8, 0.7, 0.6]), np.array([True, False, True, True]), 2)


def once(objects):
    return ranked(objects, np.ones((1, objects.n_images)))


def test_numbers_by_hand():
    found = once(FOUR)
    coverage, risk = risk_coverage(found)
    assert coverage[0].tolist() == [0.25, 0.5, 0.75, 1]
    assert risk[0].tolist() == pytest.approx([0, 1 / 2, 1 / 3, 1 / 4])
    assert aurc(found)[0] == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 4) / 4)
    # Of three pairs of right and wrong, the right one is surer in one.
    assert auroc(found)[0] == pytest.approx(1 / 3)
    assert coverage_at_precision(found)[0] == 0.25
    assert object_precision(found)[0] == 0.75
    assert object_ece(found)[0] == pytest.approx((0.1 + 0.8 + 0.3 + 0.4) / 4)
    assert object_brier(found)[0] == pytest.approx((0.01 + 0.64 + 0.09 + 0.16) / 4)


def test_an_image_counts_as_often_as_it_is_drawn():
    weighted = ranked(FOUR, np.array([[0.0, 1.0], [2.0, 1.0]]))
    assert object_precision(weighted).tolist() == pytest.approx([1, 4 / 6])
    assert np.isnan(auroc(weighted)[0])
    repeated = Objects(
        np.array([0, 0, 0, 0, 1, 1]), np.array([0.9, 0.8, 0.9, 0.8, 0.7, 0.6]),
        np.array([True, False, True, False, True, True]), 2,
    )  # fmt: skip
    for metric in METRICS.values():
        assert metric(weighted)[1] == pytest.approx(metric(once(repeated))[0])


def test_objects_that_are_equally_sure_are_not_told_apart():
    equal = Objects(np.zeros(4, int), np.full(4, 0.5), np.array([True, False, True, False]), 1)
    shuffled = Objects(np.zeros(4, int), np.full(4, 0.5), np.array([False, False, True, True]), 1)
    for objects in (equal, shuffled):
        assert auroc(once(objects))[0] == 0.5
        assert aurc(once(objects))[0] == 0.5
        assert object_ece(once(objects))[0] == 0


@given(st.integers(1, 60), st.integers(0, 1000))
def test_auroc_counts_pairs(n, seed):
    rng = np.random.default_rng(seed)
    confidence, matched = rng.integers(0, 6, n) / 6, rng.random(n) < 0.5
    pairs = [(a > b) + (a == b) / 2 for a in confidence[matched] for b in confidence[~matched]]
    found = auroc(once(Objects(np.zeros(n, int), confidence, matched, 1)))[0]
    assert np.isnan(found) if not pairs else found == pytest.approx(np.mean(pairs))


def test_all_right_covers_all_and_all_wrong_nothing():
    for matched, coverage, risk in ((True, 1, 0), (False, 0, 1)):
        found = once(Objects(np.zeros(3, int), np.array([0.9, 0.8, 0.7]), np.full(3, matched), 1))
        assert coverage_at_precision(found)[0] == coverage
        assert aurc(found)[0] == pytest.approx(risk)


def test_without_objects_nothing_is_defined():
    found = once(Objects(np.empty(0, int), np.empty(0), np.empty(0, bool), 3))
    assert all(np.isnan(metric(found)[0]) for metric in METRICS.values())


def test_confidence_is_the_mean_of_foreground_inside_an_object():
    foreground = np.array([[0.9, 0.7, 0.5, 0.0, 0.25, 0.25]], np.float32)
    codes = encoded(np.stack([1 - foreground, foreground * 0.6, foreground * 0.4]))
    labels = np.array([[4, 4, 0, 0, 2, 2]], np.uint16)
    np.testing.assert_allclose(object_confidences(labels, codes, 1.0), [0.25, 0.8], atol=0.005)
    less_sure = object_confidences(labels, codes, 2.0)
    assert less_sure[0] > 0.25
    assert less_sure[1] < 0.8


def test_objects_match_at_half_overlap_and_those_at_the_border_do_not_count():
    true, pred = np.zeros((2, 30, 30), np.uint16)
    true[5:15, 5:15], true[0:6, 20:26] = 1, 2
    pred[5:15, 5:13], pred[0:6, 20:26], pred[20:26, 20:26] = 7, 8, 3
    inner, matched = matched_objects(without_border_pairs(iou_pairs(true, pred), true, pred))
    assert inner.tolist() == [3, 7]
    assert matched.tolist() == [False, True]
