"""Copies are found however they are turned and shifted; what is new is not flagged."""

import numpy as np
import pytest
from scipy import ndimage

from cellarena.evaluation.quality.memorisation import (
    SIDE,
    likeness,
    memorised,
    nearest_training_crops,
    thumbnail,
)


def crop(seed):
    grey = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(96, 96)), 4, mode="wrap")
    return np.repeat(np.clip(128 + 400 * grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


@pytest.mark.parametrize("change", [np.rot90, np.flipud, np.fliplr, lambda c: c.swapaxes(0, 1)])
@pytest.mark.parametrize("shift", [(0, 0), (20, 34)])
def test_a_copy_that_was_turned_and_shifted_is_wholly_alike(change, shift):
    copy = np.roll(change(crop(0)), shift, axis=(0, 1))
    # Less bright and of less contrast: it stays a copy.
    dimmed = (copy * 0.5).astype(np.uint8)
    assert likeness(thumbnail(dimmed), thumbnail(crop(0))[None])[0] > 0.99


def test_another_image_is_less_alike():
    others = np.stack([thumbnail(crop(seed)) for seed in range(1, 6)])
    assert (likeness(thumbnail(crop(0)), others) < 0.7).all()


def test_a_flat_crop_is_like_nothing():
    flat = thumbnail(np.full((50, 70, 3), 9, np.uint8))
    assert flat.shape == (SIDE, SIDE)
    assert likeness(flat, thumbnail(crop(0))[None])[0] == 0


def test_the_nearest_is_the_most_alike_of_those_with_near_features():
    thumbnails = np.stack([thumbnail(crop(seed)) for seed in range(30)])
    features = np.arange(30.0)[:, None]
    # The copy of crop 3 has features that are nearer to crop 4.
    found = nearest_training_crops(np.array([[4.4]]), thumbnails[3:4], features, thumbnails)
    assert (found[0].index, round(found[0].likeness, 6)) == (3, 1.0)
    # Of a crop whose features are far the copy is not seen.
    assert nearest_training_crops(np.array([[29.0]]), thumbnails[:1], features, thumbnails)[0].index >= 10


def test_one_training_crop_is_the_nearest_of_all():
    thumbnails = np.stack([thumbnail(crop(seed)) for seed in range(2)])
    found = nearest_training_crops(np.zeros((2, 1)), thumbnails, np.ones((1, 1)), thumbnails[:1])
    assert [nearest.index for nearest in found] == [0, 0]


def test_what_is_more_alike_than_real_images_is_flagged():
    real = np.linspace(0.2, 0.6, 101)
    assert memorised([0.5, 0.599, 0.99], real.tolist()).tolist() == [0, 1, 1]
    assert np.isnan(memorised([0.5], [0.1] * 19)).all()
    assert memorised([0.5], [0.1] * 20).tolist() == [1]
