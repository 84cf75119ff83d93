import numpy as np
import pytest
from scipy import stats

from cellarena.evaluation.bootstrap import crossed_differences, crossed_interval, crossed_means, images_interval
from cellarena.evaluation.power import (
    Question,
    more_images,
    more_seeds,
    power_of_difference,
    power_of_equivalence,
    smallest_detectable,
    times_both,
)
from cellarena.evaluation.trials import Trials, pair
from cellarena.evaluation.uncertainty import Spread, spread_of_difference, spread_of_mean, spread_over_images

ONLY_IMAGES = Spread((), (), images=0.01**2, images_df=19)
MOSTLY_SEEDS = Spread((0.02**2 / 2,) * 2, (2, 2), images=0.001**2, images_df=99)


def trials(values, name="a", learned=True):
    return Trials(name, tuple(f"i{k}" for k in range(values.shape[1])), values, learned)


def scattered(n_seeds, n_images, seeds, images, rng):
    return trials(rng.normal(0, seeds, (n_seeds, 1)) + rng.normal(0, images, (n_seeds, n_images)))


def test_without_seeds_it_is_students_t_test():
    difference = np.random.default_rng(0).normal(0.01, 0.05, 20)
    spread, expected = spread_over_images(difference), stats.ttest_1samp(difference, 0)
    assert spread.p(difference.mean()) == pytest.approx(expected.pvalue)
    assert spread.quantile(0.025) == pytest.approx(stats.t.isf(0.025, 19))


def test_without_images_it_is_welchs_test_of_the_seeds_means():
    """Every image of a training has one value: nothing varies but the trainings."""
    a, b = np.array([0.7, 0.72, 0.77]), np.array([0.6, 0.75])
    both = pair(trials(np.repeat(a[:, None], 9, 1)), trials(np.repeat(b[:, None], 9, 1), "b"))
    expected = stats.ttest_ind(a, b, equal_var=False)
    assert spread_of_difference(both).p(a.mean() - b.mean()) == pytest.approx(expected.pvalue)


def test_two_one_sided_tests_by_hand():
    t = (0.03 - 0.004) / 0.01
    assert ONLY_IMAGES.equivalence_p(0.004, 0.03) == pytest.approx(stats.t.sf(t, 19))
    assert ONLY_IMAGES.equivalence_p(-0.004, 0.03) == pytest.approx(stats.t.sf(t, 19))
    assert ONLY_IMAGES.equivalence_p(0.03, 0.03) == 0.5
    assert ONLY_IMAGES.equivalence_p(0.05, 0.03) == pytest.approx(stats.t.cdf(2, 19))


def test_the_quantile_lies_between_those_of_its_parts_and_few_seeds_widen_it():
    mixed = Spread((1,), (2,), images=1, images_df=50)
    assert mixed.quantile(0.025) == pytest.approx((stats.t.isf(0.025, 2) + stats.t.isf(0.025, 50)) / 2)
    for tail in (1e-12, 1e-4, 0.2):
        assert mixed.tail(mixed.quantile(tail)) == pytest.approx(tail, rel=1e-6)
    assert mixed.tail(0) == 0.5


def test_the_variance_is_right_on_average():
    """What it says of a difference is what differences of new trainings on new images do."""
    rng = np.random.default_rng(0)
    found, means = [], []
    for _ in range(600):
        own = rng.normal(0, 0.05, 12)
        a, b = scattered(2, 12, 0.02, 0.06, rng), scattered(3, 12, 0.01, 0.06, rng)
        both = pair(trials(a.values + own), b)
        spread = spread_of_difference(both)
        found.append(spread.seeds + spread.images)
        means.append(both.difference.mean())
    assert np.mean(found) == pytest.approx(np.var(means), rel=0.15)


def test_one_seed_has_no_spread_and_a_method_without_training_needs_none():
    values = np.random.default_rng(0).uniform(0, 1, (1, 8))
    assert spread_of_mean(trials(values)) is None
    assert spread_of_mean(trials(values, learned=False)).seeds == 0
    assert spread_of_mean(trials(values[:, :1], learned=False)) is None


def test_bca_interval_holds_the_mean_and_is_skewed_as_the_values_are():
    values = np.random.default_rng(0).gamma(1, 1, 60)
    low, high = images_interval(values, 0.95, 2000, np.random.default_rng(0))
    assert low < values.mean() < high
    assert high - values.mean() > values.mean() - low
    assert images_interval(np.full(5, 0.25), 0.95, 100, np.random.default_rng(0)) == (0.25, 0.25)


def test_the_crossed_bootstrap_keeps_the_seeds_whole_variance():
    """With all seeds drawn, half of the variance of two seeds would be lost."""
    values = np.repeat([[0.6], [0.8]], 10, axis=1)
    means = crossed_means(trials(values), 4000, np.random.default_rng(0))
    assert means.mean() == pytest.approx(0.7, abs=0.01)
    assert means.var() == pytest.approx(np.var([0.6, 0.8], ddof=1) / 2, rel=0.1)


def test_images_are_drawn_for_both_rows_at_once():
    values = np.random.default_rng(0).uniform(0, 1, (1, 30)).repeat(2, axis=0)
    both = pair(trials(values), trials(values - 0.1, "b"))
    assert crossed_differences(both, 200, np.random.default_rng(0)) == pytest.approx(np.full(200, 0.1))


def test_the_interval_is_never_narrower_than_either_of_its_two():
    spread = Spread((1e-4,), (2,), images=1e-4, images_df=20)
    reach = spread.quantile(0.025) * spread.standard_error
    assert crossed_interval(0.5, spread, np.full(100, 0.5), 0.95) == pytest.approx((0.5 - reach, 0.5 + reach))
    wide = np.linspace(-1, 2, 1001)
    assert crossed_interval(0.5, spread, wide, 0.95) == pytest.approx(tuple(np.quantile(wide, [0.025, 0.975])))
    assert np.isnan(crossed_interval(0.5, None, wide, 0.95)).all()


def test_power_is_that_of_simulated_tests():
    rng = np.random.default_rng(0)
    effect = smallest_detectable(ONLY_IMAGES, 0.05)
    samples = rng.normal(effect, 0.01 * np.sqrt(20), (4000, 20))
    assert (stats.ttest_1samp(samples, 0, axis=1).pvalue < 0.05).mean() == pytest.approx(0.8, abs=0.03)
    assert power_of_difference(effect, ONLY_IMAGES, 0.05) == pytest.approx(0.8)
    assert power_of_difference(-effect, ONLY_IMAGES, 0.05) == pytest.approx(0.8)
    sample = rng.normal(0.01, 0.01 * np.sqrt(20), (4000, 20))
    inside = [stats.ttest_1samp(sample, sign * 0.04, axis=1, alternative=alternative).pvalue < 0.05
              for sign, alternative in ((1, "less"), (-1, "greater"))]  # fmt: skip
    predicted = power_of_equivalence(0.01, ONLY_IMAGES, 0.04, 0.05)
    assert (inside[0] & inside[1]).mean() == pytest.approx(predicted, abs=0.05)


def test_more_of_what_is_lacking():
    question = Question(difference=0.05, margin=0.01, level=0.05)
    assert 1 <= more_seeds(question, MOSTLY_SEEDS) < 20
    assert np.isnan(more_images(question, MOSTLY_SEEDS))
    small = Question(difference=0.015, margin=0.001, level=0.05)
    steady = Spread((1e-9, 1e-9), (2, 2), 0.01**2, 99)
    assert np.isnan(more_seeds(small, steady))
    added = more_images(small, steady)
    assert 200 < added < 400
    assert times_both(small, steady) == np.ceil(added / 100) + 1


def test_a_question_of_equivalence_is_settled_by_equivalence():
    question = Question(difference=0.0, margin=0.02, level=0.05)
    assert more_seeds(question, MOSTLY_SEEDS) < 40
