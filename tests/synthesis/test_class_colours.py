import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cellarena.synthesis.generators.pix2pix.class_colours import ClassColours, colours_of, level_map, level_of
from small_generators import small_examples


def two_objects():
    """Return a dark stained background with a red ring and a core, and a second object 40 steps brighter."""
    labels = np.zeros((30, 60), np.int32)
    labels[5:25, 5:25], labels[5:25, 35:55] = 4, 9
    image = np.full((30, 60, 3), (20, 40, 60), np.uint8)
    image[labels == 4], image[labels == 9] = (100, 110, 120), (140, 150, 160)
    return image, labels


def test_tones_are_the_colours_of_the_classes_and_the_levels_of_the_objects():
    colours = colours_of(*two_objects())
    np.testing.assert_allclose((colours.means + 1) * 127.5, [[20, 40, 60], [120, 130, 140], [120, 130, 140]], atol=0.01)
    np.testing.assert_allclose(colours.levels * 127.5, [-20, 20], atol=0.01)
    np.testing.assert_allclose(colours.spreads, 0.02)


def test_spreads_are_what_levels_leave_over():
    image, labels = two_objects()
    noise = np.random.default_rng(0).normal(0, 8, (*labels.shape, 3)) * (labels > 0)[..., None]
    colours = colours_of(np.rint(image + noise).astype(np.uint8), labels)
    np.testing.assert_allclose(colours.spreads[1] * 127.5, 8, rtol=0.15)
    np.testing.assert_allclose(colours.spreads[0], 0.02)


@given(st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=9))
def test_levels_come_back_from_their_map(levels):
    labels = np.arange(len(levels) + 1)[None] * 3
    found = level_of(level_map(labels, np.array(levels, np.float32))[None])
    assert found.shape == (1, 1, 1, len(levels) + 1)
    np.testing.assert_allclose(found[0, 0, 0], [0, *levels], atol=0.5 / 127 + 1e-6)


@pytest.mark.parametrize("labels", [np.zeros((6, 7), int), np.ones((6, 7), int)])
def test_an_image_without_objects_or_without_background_has_colours(labels):
    colours = colours_of(np.random.default_rng(0).integers(0, 256, (6, 7, 3), np.uint8), labels)
    assert colours.levels.shape == (1,)
    assert all(np.isfinite(part).all() for part in colours)


def test_each_image_has_its_own_levels_after_storing():
    examples = small_examples()
    colours = ClassColours.of(examples)
    again = ClassColours.restored(colours.weights, 5)
    for place, example in enumerate(examples):
        np.testing.assert_array_equal(again.levels_of(place), colours_of(example.image, example.labels).levels)


@pytest.mark.parametrize("name", ["means", "spreads", "levels", "counts"])
def test_tones_that_are_not_of_so_many_images_are_refused(name):
    weights = ClassColours.of(small_examples()).weights
    with pytest.raises(ValueError, match="are not those of 5 images|levels of"):
        ClassColours.restored({**weights, f"tones.{name}": weights[f"tones.{name}"][:-1]}, 5)
    with pytest.raises(ValueError, match="are not those of 4 images"):
        ClassColours.restored(weights, 4)
    negative = torch.full_like(weights["tones.counts"], -1)
    with pytest.raises(ValueError, match="are not those of"):
        ClassColours.restored({**weights, "tones.counts": negative}, 5)
