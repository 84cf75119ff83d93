from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellarena.learning import tuning
from cellarena.learning.tuning import image_score, tuned, validation_score
from cellarena.targets.three_class import BOUNDARY, INTERIOR, ThreeClass
from plain_target import PlainTarget
from tiny import TARGET, discs


class Ramp(PlainTarget):
    """A target that decodes to as many objects as its settings say; what is right is decided by `scored`."""

    choices: ClassVar = {"first": (1, 2, 3), "second": (1, 2, 3)}

    first: float = 0
    second: float = 0

    def decode(self, activated):
        return (self.first, self.second) if activated.any() else ()


class Still:
    """A segmenter that puts out the same for all images of a size and counts its calls."""

    def __init__(self, target, output=None):
        self.target = target
        self.n_calls = 0
        self._output = np.ones((1, 64, 64), np.float32) if output is None else output

    def activations(self, image):
        assert image.shape[:2] == self._output.shape[1:]
        self.n_calls += 1
        return self._output


def scored(monkeypatch, scores):
    """Let pairs of settings score by a table; unnamed ones score 0.1."""
    seen = []

    def score(true, pred):
        seen.append(pred)
        return scores.get(pred, 0.1)

    monkeypatch.setattr(tuning, "validation_score", score)
    return seen


def test_each_setting_takes_its_best_value_in_turn(monkeypatch):
    scored(monkeypatch, {(2, 0): 0.5, (3, 0): 0.3, (2, 3): 0.8, (1, 3): 0.9})
    target, score = tuned(Still(Ramp()), [discs()])
    assert (target, score) == (Ramp(first=2, second=3), 0.8)


def test_what_gains_nothing_stays_as_it_is(monkeypatch):
    scored(monkeypatch, {})
    assert tuned(Still(Ramp(first=9, second=7)), [discs()]) == (Ramp(first=9, second=7), 0.1)


def test_a_gain_of_rounding_changes_nothing(monkeypatch):
    scored(monkeypatch, {(2, 0): 0.1 + 1e-9})
    assert tuned(Still(Ramp()), [discs()])[0] == Ramp()


def test_of_equal_values_the_first_is_taken(monkeypatch):
    scored(monkeypatch, {(2, 0): 0.5, (3, 0): 0.5, (2, 1): 0.7, (2, 2): 0.7})
    assert tuned(Still(Ramp()), [discs()])[0] == Ramp(first=2, second=1)


def test_each_image_is_predicted_once_and_decoded_once_a_value(monkeypatch):
    seen = scored(monkeypatch, {})
    segmenter = Still(Ramp())
    tuned(segmenter, [discs(0), discs(1)])
    assert segmenter.n_calls == 2
    assert len(seen) == 2 * (1 + 3 + 3)


def test_the_score_is_the_mean_over_images(monkeypatch):
    scores = iter([1.0, 0.5, 0.0] + [0.0] * 18)
    monkeypatch.setattr(tuning, "validation_score", lambda *_: next(scores))
    assert tuned(Still(Ramp()), [discs(0), discs(1), discs(2)]) == (Ramp(), 0.5)


def faint(annotated, interior):
    """Return the output of a network that is sure of the objects' place, but not very."""
    output = np.zeros((3, *annotated.labels.shape), np.float32)
    output[INTERIOR] = np.where(annotated.labels > 0, interior, 0.05)
    output[BOUNDARY] = 0.05
    output[0] = 1 - output[1:].sum(axis=0)
    return output


def test_a_timid_network_is_decoded_at_a_lower_threshold():
    annotated = discs(0, n=1)
    strict = TARGET.model_copy(update={"seed": 0.8, "foreground": 0.7})
    segmenter = Still(strict, faint(annotated, 0.45))
    assert validation_score(annotated.labels, strict.decode(segmenter.activations(annotated.image))) == 0
    target, score = tuned(segmenter, [annotated])
    assert score == 1
    assert validation_score(annotated.labels, target.decode(segmenter.activations(annotated.image))) == 1
    assert (target.seed, target.foreground) == (0.3, 0.7)


@settings(max_examples=12)
@given(
    st.integers(0, 10), st.floats(0.2, 0.9), st.floats(0.2, 0.9), st.integers(1, 30), st.integers(1, 60),
    st.floats(0.05, 0.4),
)  # fmt: skip
def test_tuning_never_lowers_the_score_on_its_own_images(seed, threshold, foreground, seed_size, min_size, spread):
    images = [discs(seed), discs(seed + 1, n=0)]
    noise = np.random.default_rng(seed).normal(0, spread, (3, 64, 64)).astype(np.float32)
    output = np.clip(faint(images[0], 0.6) + noise, 0, 1).astype(np.float16).astype(np.float32)
    before = ThreeClass(
        boundary=1, seed=threshold, waist=0.6, foreground=foreground, seed_size=seed_size, min_size=min_size
    )
    target, score = tuned(Still(before, output), images)
    scores = [np.mean([validation_score(a.labels, t.decode(output)) for a in images]) for t in (before, target)]
    assert score == pytest.approx(scores[1])
    assert scores[1] >= scores[0]
    assert target.boundary == before.boundary


def test_objects_at_the_border_count_neither_as_annotated_nor_as_predicted():
    true = np.zeros((20, 20), np.uint16)
    true[5:10, 5:10] = 1
    pred = true.copy()
    true[:4, :4], pred[16:, 16:] = 2, 3
    assert validation_score(true, pred) == 1


def test_what_is_predicted_where_nobody_annotated_is_not_scored():
    whole = discs(n=4)
    ignored = whole.labels > 2
    left = np.where(ignored, 0, whole.labels)
    half = replace(whole, labels=left, ignored=ignored)
    assert validation_score(left, whole.labels) < image_score(half, whole.labels) == 1
    assert image_score(whole, whole.labels) == 1
