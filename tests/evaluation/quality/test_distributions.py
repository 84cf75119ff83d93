"""The largest gap between two distribution functions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellarena.evaluation.quality.distributions import histogram_distance, value_distance

NUMBERS = st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=20)


def rng():
    return np.random.default_rng(0)


@given(NUMBERS, NUMBERS)
def test_it_is_the_largest_gap_at_any_level(a, b):
    found = value_distance([np.array(a[:3]), np.array(a[3:])], [np.array(b)], 100, rng())
    gaps = [abs(np.mean(np.array(a) <= level) - np.mean(np.array(b) <= level)) for level in {*a, *b}]
    assert found.value == pytest.approx(max(gaps))


def test_images_are_drawn_whole():
    # In a every image is of one value, in b every image has both: only the drawn images of a can differ.
    a = [np.zeros(10), np.ones(10)] * 5
    b = [np.array([0.0, 1.0] * 5)] * 10
    found = value_distance(a, b, 100, rng())
    assert found.value == 0
    assert found.sd > 0.05
    assert value_distance(b, b, 100, rng()).sd == 0


def test_nan_and_images_without_a_value_are_left_out():
    found = value_distance([np.array([np.nan, 1.0]), np.array([]), np.array([np.nan])], [np.array([1.0])], 100, rng())
    assert (found.value, found.n, found.n_reference) == (0, 1, 1)
    assert np.isnan(value_distance([np.array([np.nan])], [np.array([1.0])], 100, rng()).value)


def test_histograms_of_other_levels_are_one_apart_and_channels_are_averaged():
    dark, bright = np.zeros((2, 3, 256)), np.zeros((2, 3, 256))
    dark[..., 10] = 1
    bright[:, :2, 200] = 1
    bright[:, 2, 10] = 1
    assert histogram_distance(dark, bright, 100, rng()).value == pytest.approx(2 / 3)
    assert histogram_distance(dark, dark, 100, rng()).value == 0


def test_an_image_without_such_pixels_is_left_out():
    shares = np.full((3, 3, 256), 1 / 256)
    shares[1] = np.nan
    found = histogram_distance(shares, shares, 100, rng())
    assert (found.value, found.n) == (0, 2)
    assert np.isnan(histogram_distance(shares[1:2], shares, 100, rng()).value)
