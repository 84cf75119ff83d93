"""The generator texture: a bank that is stored, and what it paints."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cellarena.images.intensity import to_rgb8
from cellarena.synthesis.generators.spec import Example, Fit
from cellarena.synthesis.generators.texture.learner import fit
from cellarena.synthesis.generators.texture.noise import noise_covariance
from cellarena.synthesis.generators.texture.painter import load
from cellarena.synthesis.generators.texture.settings import TextureSettings
from cellarena.synthesis.simulation.simulator import MODALITIES, simulate

SETTINGS = TextureSettings(images=4, side=160, margin=0.5, alternatives=4, neighbours=1, blur=0.4)


def example(number):
    made = simulate(3, number)
    return Example(f"e{number:02d}", to_rgb8(made.image), made.labels, made.modality)


@pytest.fixture(scope="module")
def examples():
    return [example(number) for number in range(1, 9)]


def unseen(step, painter):
    """Watch nothing."""


def fitted(examples, watch=unseen):
    return fit(SETTINGS, examples, Fit(0, 5, "cpu", Path(), watch))


@pytest.fixture(scope="module")
def painter(examples):
    stored = fitted(examples)
    return load(SETTINGS, stored.weights, stored.facts, "cpu")


@pytest.fixture(scope="module")
def layout():
    labels = simulate(4, 2).labels[:120, :110].astype(np.int32)
    assert len(np.unique(labels)) > 3
    return labels


@pytest.mark.parametrize("modality", MODALITIES)
def test_objects_look_like_the_cells_of_their_modality(painter, examples, layout, modality):
    painting = painter.paint(layout, modality, np.random.default_rng(0))
    of_modality = [e for e in examples if e.modality == modality]
    assert painting.image.shape == (*layout.shape, 3)
    assert painting.image.dtype == np.uint8
    assert set(painting.donors) <= {e.id for e in of_modality}
    assert list(painting.donors) == sorted(set(painting.donors))
    assert painting.donors
    for inside in (True, False):
        real = [e.image[(e.labels > 0) == inside].mean(axis=0) for e in of_modality]
        seen = painting.image[(layout > 0) == inside].mean(axis=0)
        assert (np.min(real, axis=0) - 40 < seen).all()
        assert (seen < np.max(real, axis=0) + 40).all()


def test_fluorescent_objects_shine_and_the_rest_is_dark(painter, layout):
    image = painter.paint(layout, "fluorescence", np.random.default_rng(0)).image[..., 0].astype(float)
    means = [image[layout == label].mean() for label in np.unique(layout)]
    assert min(means[1:]) > means[0] + 30


def test_background_and_cells_are_as_noisy_as_real_ones(painter, examples, layout):
    image = painter.paint(layout, "phase_contrast", np.random.default_rng(1)).image.astype(np.float32)
    real = [e for e in examples if e.modality == "phase_contrast"]
    for inside in (True, False):
        there = [noise_covariance(e.image.astype(np.float32), (e.labels > 0) == inside)[0, 0] for e in real]
        assert 0.6 * min(there) < noise_covariance(image, (layout > 0) == inside)[0, 0] < 1.6 * max(there)


def test_the_same_stream_paints_the_same_and_another_does_not(painter, layout):
    first, again, other = (painter.paint(layout, "dic", np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first.image, again.image)
    assert first.donors == again.donors
    assert not np.array_equal(first.image, other.image)


def test_what_was_painted_before_changes_nothing(painter, examples, layout):
    stored = fitted(examples)
    fresh = load(SETTINGS, stored.weights, stored.facts, "cpu")
    expected = fresh.paint(layout, "dic", np.random.default_rng(1)).image
    assert np.array_equal(painter.paint(layout, "dic", np.random.default_rng(1)).image, expected)


def test_an_empty_label_image_shows_a_background(painter):
    painting = painter.paint(np.zeros((40, 50), np.int32), "fluorescence", np.random.default_rng(0))
    assert painting.image.shape == (40, 50, 3)
    assert len(painting.donors) == 1
    assert painting.image.mean() < 80


def test_objects_of_all_sizes_and_places_are_painted(painter):
    labels = np.zeros((60, 70), np.int32)
    labels[0, 0], labels[30:33, 69], labels[40:60, 0:20], labels[10, 10:60] = 4, 9, 12, 30
    assert painter.paint(labels, "brightfield", np.random.default_rng(0)).image.shape == (60, 70, 3)
    assert painter.paint(np.ones((9, 9), np.int32), "brightfield", np.random.default_rng(0)).image.shape == (9, 9, 3)


def test_an_unknown_modality_is_refused(painter, layout):
    with pytest.raises(ValueError, match="no image of the modality 'electron'; it knows brightfield, dic"):
        painter.paint(layout, "electron", np.random.default_rng(0))


def test_a_bank_without_cells_paints_no_cells(layout):
    stored = fitted([replace(example(1), labels=np.zeros(example(1).labels.shape, np.int32))])
    painter = load(SETTINGS, stored.weights, stored.facts, "cpu")
    with pytest.raises(ValueError, match="knows no cell of the modality 'brightfield'"):
        painter.paint(layout, "brightfield", np.random.default_rng(0))


def test_a_fit_shows_its_painter_once_and_needs_examples(examples):
    seen = []
    fitted(examples, lambda step, painter: seen.append((step, painter)))
    assert [step for step, _ in seen] == [0]
    with pytest.raises(ValueError, match="at least one training image"):
        fitted([])


def broken(name, change):
    return lambda stored: stored.weights.__setitem__(name, change(stored.weights[name]))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda s: s.weights.pop("labels.00003"), "tensors, expected an image and labels of each"),
        (lambda s: s.facts.pop("seed"), "seed"),
        (lambda s: s.facts["bank"].append({"id": 3, "modality": "m"}), "bank"),
        (broken("image.00000", lambda t: t.float()), "expected uint8"),
        (broken("image.00000", lambda t: t[..., 0]), "expected uint8"),
        (broken("labels.00001", lambda t: t[1:]), "no label image"),
        (broken("labels.00001", lambda t: t - 1), "no label image"),
        (broken("labels.00001", lambda t: t + 10**6), "no label image"),
    ],
)
def test_a_damaged_bank_is_refused(examples, damage, said):
    stored = fitted(examples)
    damage(stored)
    with pytest.raises(ValueError, match=said):
        load(SETTINGS, stored.weights, stored.facts, "cpu")
