"""Nearest neighbours that tell two sets apart, or cannot."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cellarena.evaluation.quality.two_samples import nearest_neighbour_accuracy, two_sample_accuracy

PAIRS = st.integers(2, 6).flatmap(
    lambda n: st.tuples(*[hnp.arrays(np.float64, (n, 2), elements=st.floats(-9, 9, width=16))] * 2)
)


def test_four_points_by_hand():
    # 0 and 1 are of one set, 2.5 and 9 of the other: 0 and 1 find each other, 2.5 finds 1 (wrong), 9 finds 2.5.
    found = nearest_neighbour_accuracy(np.array([[0.0], [1]]), np.array([[2.5], [9]]))
    assert found == 0.75


def test_sets_apart_are_told_and_one_distribution_is_not():
    sample = np.random.default_rng(0).normal(size=(400, 4))
    assert nearest_neighbour_accuracy(sample[:200], sample[200:] + 20) == 1
    assert nearest_neighbour_accuracy(sample[:200], sample[200:]) == pytest.approx(0.5, abs=0.08)


def test_copies_of_the_other_set_are_nearer_than_their_own():
    sample = np.random.default_rng(0).normal(size=(20, 4))
    assert nearest_neighbour_accuracy(sample, sample.copy()) == 0


def test_neighbours_as_near_in_both_sets_count_one_half():
    points = np.zeros((5, 3))
    assert nearest_neighbour_accuracy(points, points) == 0.5


@given(PAIRS)
def test_it_is_symmetric_and_a_share(pair):
    a, b = pair
    assert nearest_neighbour_accuracy(a, b) == nearest_neighbour_accuracy(b, a)
    assert 0 <= nearest_neighbour_accuracy(a, b) <= 1


@given(PAIRS, st.randoms(use_true_random=False))
def test_order_does_not_matter(pair, random):
    a, b = pair
    order = random.sample(range(len(a)), len(a))
    assert nearest_neighbour_accuracy(a[order], b) == nearest_neighbour_accuracy(a, b)


def test_sets_of_other_sizes_are_refused():
    with pytest.raises(ValueError, match="one size, at least 2, are needed; got 2 and 3"):
        nearest_neighbour_accuracy(np.zeros((2, 1)), np.zeros((3, 1)))


def test_the_larger_set_is_drawn_from_and_the_deviation_is_that_of_its_answers():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(30, 2, 4)), rng.normal(size=(90, 2, 4))
    found = two_sample_accuracy(a, b, np.random.default_rng(1))
    assert found.value == pytest.approx(0.5, abs=0.1)
    assert found.sd == pytest.approx(np.sqrt(0.25 / 60), rel=0.05)
    assert (found.n, found.n_reference) == (30, 90)
    assert np.isnan(two_sample_accuracy(a[:1], b, np.random.default_rng(1)).value)
