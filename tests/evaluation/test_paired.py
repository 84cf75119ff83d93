import gc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from statsmodels.stats.multitest import multipletests

from cellarena.evaluation.paired import cliffs_delta, holm, noise_floor, signed_rank_p, standardised_difference
from cellarena.evaluation.trials import Trials

SHARES = arrays(float, st.integers(1, 12), elements=st.floats(0, 1))


def test_effect_sizes_by_hand():
    difference = np.array([0.1, 0.2, 0.0, -0.1])
    assert cliffs_delta(difference) == pytest.approx((2 - 1) / 4)
    assert standardised_difference(difference) == pytest.approx(0.05 / np.sqrt((0.0025 + 0.0225 + 0.0025 + 0.0225) / 3))
    assert np.isnan(standardised_difference(np.full(5, 0.1)))
    assert np.isnan(cliffs_delta(np.empty(0)))


def test_signed_rank_by_hand():
    # Of the 2**6 signs of six ranks one is all positive, so that the two-sided p is 2 / 64.
    assert signed_rank_p(np.array([1.0, 2, 3, 4, 5, 6])) == pytest.approx(2 / 64)
    assert signed_rank_p(np.zeros(6)) == 1


def test_ranks_against_the_mean_do_not_speak_for_it():
    difference = np.array([-1.0] * 30 + [100.0])
    assert signed_rank_p(difference) == 1
    assert signed_rank_p(np.array([1.0] * 30 + [2.0])) < 1e-5


def test_holm_by_hand():
    assert holm(np.array([0.04, 0.01, 0.03])) == pytest.approx([0.06, 0.03, 0.06])


def test_an_undefined_test_is_still_one_of_the_family():
    adjusted = holm(np.array([0.01, np.nan, np.nan]))
    assert adjusted[0] == pytest.approx(0.03)
    assert np.isnan(adjusted[1:]).all()
    assert holm(np.empty(0)).size == 0


@pytest.fixture(scope="module")
def little_garbage():
    """Statsmodels collects garbage at every call: what is there by now is not looked through each time."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("little_garbage")
@given(SHARES)
def test_holm_is_that_of_statsmodels(p_values):
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])


def test_noise_floor_by_hand():
    values = np.array([[0.5, 0.7], [0.6, 0.8], [0.9, 1.1]])
    assert noise_floor(Trials("a", ("x", "y"), values, learned=True)) == pytest.approx((0.1 + 0.4 + 0.3) / 3)
    assert np.isnan(noise_floor(Trials("a", ("x", "y"), values[:1], learned=True)))
    assert noise_floor(Trials("a", ("x", "y"), values[:1], learned=False)) == 0
