import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellarena.evaluation.calibration.pixel_counts import PixelCounts, scaled_log_probabilities
from cellarena.evaluation.calibration.temperature import HIGHEST, LOWEST, fitted_temperature, nll_at
from cellarena.images.probabilities import log_probabilities


def simulated(temperature, n=200_000):
    """Return a network whose logits are right once they are divided by a temperature."""
    rng = np.random.default_rng(7)
    right = rng.normal(0, 1.5, (n, 3))
    chances = np.exp(right) / np.exp(right).sum(axis=1, keepdims=True)
    classes = (rng.random((n, 1)) > chances.cumsum(axis=1)[:, :2]).sum(axis=1)
    put_out = right * temperature
    return PixelCounts(
        put_out - np.logaddexp.reduce(put_out, axis=1, keepdims=True), np.eye(3, dtype=np.int64)[classes]
    )


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_a_known_temperature_is_found_again(temperature):
    counted = simulated(temperature)
    found = fitted_temperature(counted)
    assert found == pytest.approx(temperature, rel=0.02)
    for other in (0.9 * found, 1.1 * found, 1.0):
        assert nll_at(counted, found) <= nll_at(counted, other) + 1e-9


def test_the_fit_sees_no_difference_between_pixels_and_their_counts():
    counted = simulated(2.0, 3000)
    twice = PixelCounts(np.concatenate([counted.log_probabilities] * 2), np.concatenate([counted.counts] * 2))
    doubled = PixelCounts(counted.log_probabilities, 2 * counted.counts)
    assert fitted_temperature(twice) == pytest.approx(fitted_temperature(doubled), rel=1e-6)


@given(st.floats(LOWEST, HIGHEST))
def test_the_most_likely_class_stays_the_most_likely(temperature):
    raw = log_probabilities()[::17]
    scaled = scaled_log_probabilities(raw, temperature)
    np.testing.assert_array_equal(scaled.argmax(axis=1), raw.argmax(axis=1))
    np.testing.assert_allclose(np.exp(scaled).sum(axis=1), 1)


def test_one_changes_nothing_and_more_is_less_sure():
    raw = log_probabilities()[300:60_000:331]
    np.testing.assert_allclose(scaled_log_probabilities(raw, 1.0), raw, atol=1e-12)
    assert (scaled_log_probabilities(raw, 2.0).max(axis=1) <= raw.max(axis=1) + 1e-12).all()


def test_by_hand():
    # Odds of 9 to 1 become 3 to 1 at temperature 2.
    scaled = np.exp(scaled_log_probabilities(np.log([[0.9, 0.1]]), 2.0))
    np.testing.assert_allclose(scaled, [[0.75, 0.25]])


def test_without_pixels_there_is_no_temperature():
    empty = PixelCounts(np.empty((0, 3)), np.empty((0, 3), np.int64))
    assert np.isnan(fitted_temperature(empty))
    assert np.isnan(nll_at(empty, 1.0))
    assert simulated(1.0, 10).scaled(np.nan).counts.size == 0


@pytest.mark.parametrize("temperature", [0.0, -1.0, np.nan])
def test_a_temperature_that_is_none_is_refused(temperature):
    with pytest.raises(ValueError, match="is not above 0"):
        scaled_log_probabilities(np.log([[0.5, 0.5]]), temperature)
