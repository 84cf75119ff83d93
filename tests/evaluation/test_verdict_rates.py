"""Verdicts on simulated trainings: wrong ones are as rare, and right ones as frequent, as they claim to be."""

import numpy as np
import pytest

from cellarena.evaluation.comparing import Comparing
from cellarena.evaluation.power import smallest_detectable
from cellarena.evaluation.statistics import pairwise
from cellarena.evaluation.trials import Trials
from cellarena.evaluation.uncertainty import Spread

SETTINGS = Comparing(smallest_effect=0.01, confidence=0.95, resamples=100)
N, IMAGES = 100, 24
ROW_ON_IMAGE, TRAINING_ON_IMAGE = 0.05, 0.03
NAMES = tuple(f"i{k}" for k in range(IMAGES))


def simulated(effect, n_seeds, seeds, rng, scale=1.0):
    own = rng.normal(effect, scale * ROW_ON_IMAGE, IMAGES)
    rows = []
    for name, spread, mean in zip("ab", seeds, (own, 0), strict=True):
        luck = rng.normal(0, scale * TRAINING_ON_IMAGE, (n_seeds, IMAGES))
        rows.append(Trials(name, NAMES, 0.7 + mean + rng.normal(0, spread, (n_seeds, 1)) + luck, learned=True))
    return pairwise(rows, SETTINGS).iloc[0]


def lines(effect, n_seeds, seeds, scale=1.0):
    rng = np.random.default_rng(0)
    return [simulated(effect, n_seeds, seeds, rng, scale) for _ in range(N)]


def share(values):
    return np.mean(list(values))


def test_equal_models_are_seldom_told_apart():
    """One of the two is far less steady: the worst case for few seeds."""
    found = lines(0, 2, (0.03, 0.005))
    assert share(line["verdict"] in {"better", "worse"} for line in found) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / N)
    # Images alone would tell them apart: the simulation is one in which that matters.
    assert share(line["images_p"] < 0.05 for line in found) > 0.2


def test_models_that_differ_by_what_matters_are_seldom_equivalent():
    found = lines(0.01, 3, (0.001, 0.001), scale=0.2)
    assert share(line["verdict"] == "equivalent" for line in found) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / N)
    # The simulation is one in which equivalence can be shown at all.
    same = lines(0, 3, (0.001, 0.001), scale=0.2)
    assert share(line["verdict"] == "equivalent" for line in same) > 0.8


def test_an_effect_is_found_as_often_as_predicted():
    n_seeds, seeds = 3, (0.01, 0.01)
    luck = TRAINING_ON_IMAGE**2 / IMAGES
    parts = tuple((one**2 + luck) / n_seeds for one in seeds)
    true = Spread(parts, (n_seeds - 1.0,) * 2, ROW_ON_IMAGE**2 / IMAGES, IMAGES - 1)
    found = lines(smallest_detectable(true, 0.05), n_seeds, seeds)
    assert share(line["verdict"] == "better" for line in found) == pytest.approx(0.8, abs=3 * np.sqrt(0.8 * 0.2 / N))
