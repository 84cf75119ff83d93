"""The kernel distance, worked by hand and by what must not change it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cellarena.evaluation.quality.kernel_distance import kernel_distance, one_crop, squared_discrepancy, standardised

FEATURES = hnp.arrays(np.float64, st.tuples(st.integers(2, 6), st.just(3)), elements=st.floats(-3, 3))


def images(features):
    """Return features (n, d) as those of images with one crop each."""
    return np.asarray(features, float)[:, None, :]


def test_the_unbiased_estimate_on_three_points_of_each_set():
    # k(x, y) = (x y + 1)^3 in one dimension. Within a: the pairs (0,1), (0,2), (1,2) have 1, 1, 27; mean 29/3.
    # Within b: the pairs (1,1), (1,0), (1,0) have 8, 1, 1; mean 10/3. Between: 0 has 1, 1, 1; 1 has 8, 8, 1; 2 has
    # 27, 27, 1; mean 75/9.
    found = squared_discrepancy(np.array([[0.0], [1], [2]]), np.array([[1.0], [1], [0]]))
    assert found == pytest.approx(29 / 3 + 10 / 3 - 2 * 75 / 9)


def test_the_kernel_divides_by_the_number_of_dimensions():
    # Two points of four ones each: x.y / d = 1, so that every kernel is 8.
    ones, zeros = np.ones((2, 4)), np.zeros((2, 4))
    assert squared_discrepancy(ones, zeros) == pytest.approx(8 + 1 - 2)


@given(FEATURES, FEATURES)
def test_it_is_symmetric(a, b):
    assert squared_discrepancy(a, b) == pytest.approx(squared_discrepancy(b, a), abs=1e-9)


@given(FEATURES, FEATURES, st.randoms(use_true_random=False))
def test_order_does_not_matter(a, b, random):
    order = random.sample(range(len(a)), len(a))
    assert squared_discrepancy(a[order], b) == pytest.approx(squared_discrepancy(a, b), abs=1e-9)


def test_fewer_than_two_features_are_refused():
    with pytest.raises(ValueError, match="two features of each set, got 1 and 3"):
        squared_discrepancy(np.zeros((1, 2)), np.zeros((3, 2)))


def test_halves_of_one_sample_are_near_zero_and_sets_apart_are_not():
    sample = np.random.default_rng(0).normal(size=(200, 8))
    halves = kernel_distance(images(sample[:100]), images(sample[100:]), np.random.default_rng(1))
    apart = kernel_distance(images(sample[:100]), images(sample[100:] + 2), np.random.default_rng(1))
    assert abs(halves.value) < 2 * halves.sd
    assert apart.value > 20 * abs(halves.value)
    assert apart.value > 5 * apart.sd
    assert (halves.n, halves.n_reference) == (100, 100)


def test_crops_of_one_image_do_not_make_two_sets_differ():
    rng = np.random.default_rng(0)
    # Forty images of four crops each, which are all but the same.
    crops = rng.normal(size=(80, 1, 8)) + 0.01 * rng.normal(size=(80, 4, 8))
    found = kernel_distance(crops[:40], crops[40:], np.random.default_rng(1))
    assert abs(found.value) < 2 * found.sd
    pooled = squared_discrepancy(crops[:40].reshape(-1, 8), crops[40:].reshape(-1, 8))
    assert pooled > found.value + 0.05


def test_one_image_is_too_few():
    found = kernel_distance(np.zeros((1, 4, 2)), np.zeros((9, 4, 2)), np.random.default_rng(0))
    assert np.isnan([found.value, found.sd]).all()
    assert (found.n, found.n_reference) == (1, 9)


def test_crops_that_an_image_lacks_are_never_drawn():
    features = np.full((3, 4, 2), np.nan)
    features[:, 0] = 1.0
    assert not np.isnan(one_crop(features, 3, np.random.default_rng(0))).any()


def test_the_reference_has_mean_0_and_deviation_1_and_constants_vanish():
    reference = np.array([[1.0, 5, 7], [3, 5, 11]])
    assert standardised(reference, reference).tolist() == [[-1, 0, -1], [1, 0, 1]]
    assert standardised(np.array([[2.0, 9, 9]]), reference).tolist() == [[0, 0, 0]]
