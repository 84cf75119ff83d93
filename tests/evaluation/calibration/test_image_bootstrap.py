import numpy as np
import pytest
from scipy.stats import bootstrap

from cellarena.evaluation.calibration.bootstrap import image_intervals
from cellarena.evaluation.comparing import Comparing

SETTINGS = Comparing(smallest_effect=0.01, confidence=0.95, resamples=1000)
VALUES = np.random.default_rng(5).exponential(1, 30)


def mean(weights):
    return np.stack([weights @ VALUES / weights.sum(axis=1), np.full(len(weights), 3.0)])


def test_a_mean_has_the_interval_of_scipy():
    low, high = image_intervals(mean, 30, 1, SETTINGS, np.random.default_rng(0))
    by_scipy = bootstrap(
        (VALUES,), np.mean, n_resamples=1000, method="BCa", rng=np.random.default_rng(0)
    ).confidence_interval
    assert (low[0], high[0]) == pytest.approx((by_scipy.low, by_scipy.high), rel=1e-6)


def test_what_no_resample_changes_is_its_own_interval():
    low, high = image_intervals(mean, 30, 1, SETTINGS, np.random.default_rng(0))
    assert low[1] == high[1] == 3


def test_the_same_stream_gives_the_same_interval_however_many_fit_at_once():
    one, other = (image_intervals(mean, 30, size, SETTINGS, np.random.default_rng(1)) for size in (1, 4_000_000))
    np.testing.assert_allclose(one, other, rtol=1e-12)


@pytest.mark.parametrize("n", [0, 1])
def test_with_fewer_than_two_images_there_is_no_interval(n):
    low, high = image_intervals(lambda weights: np.ones((2, len(weights))), n, 1, SETTINGS, np.random.default_rng(0))
    assert np.isnan([*low, *high]).all()


def test_what_is_undefined_in_a_resample_has_no_interval():
    def first_image_only(weights):
        with np.errstate(invalid="ignore"):
            return (weights[:, :1] / weights[:, :1]).T * VALUES[0]

    low, high = image_intervals(first_image_only, 5, 1, SETTINGS, np.random.default_rng(0))
    assert np.isnan([low[0], high[0]]).all()


def test_nine_in_ten_intervals_hold_the_truth():
    rng = np.random.default_rng(2)
    hits = 0
    for k in range(60):
        values = rng.normal(0, 1, 40)
        low, high = image_intervals(
            lambda weights, values=values: (weights @ values / 40)[None], 40, 1, SETTINGS, np.random.default_rng(k)
        )
        hits += low[0] <= 0 <= high[0]
    assert 52 <= hits <= 60
