"""What is kept of an image: its crops, its shapes, its grey levels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellarena.evaluation.quality.image_summaries import (
    MOST_CROPS,
    OBJECT_MEASURES,
    appearance,
    crops_of,
    measure_shapes,
    shuffled,
)
from cellarena.targets.three_class import ThreeClass

TARGET = ThreeClass(boundary=1, seed=0.5, waist=0.6, foreground=0.5, seed_size=1, min_size=1)
SIZES = st.integers(1, 150)


def image(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


@given(SIZES, SIZES)
def test_crops_have_one_size_and_are_parts_of_the_mirrored_image(height, width):
    whole = image(height, width)
    crops = crops_of(whole, (64, 32), MOST_CROPS, np.random.default_rng(0))
    assert crops.shape[1:] == (64, 32, 3)
    assert 1 <= len(crops) <= MOST_CROPS
    assert len(crops) == min(MOST_CROPS, max(1, height // 64) * max(1, width // 32))
    assert set(np.unique(crops)) <= set(np.unique(whole))


def test_the_crops_of_a_fitting_image_are_its_quarters_and_the_same_each_time():
    whole = image(128, 128)
    quarters = [whole[y : y + 64, x : x + 64] for y in (0, 64) for x in (0, 64)]
    for seed in (0, 1):
        assert np.array_equal(crops_of(whole, (64, 64), MOST_CROPS, np.random.default_rng(seed)), quarters)


@given(st.integers(32, 200), st.integers(32, 200))
def test_a_mirrored_or_turned_image_has_the_same_crops(height, width):
    # Even rests, as half a pixel cannot be shared.
    whole = image(height // 2 * 2, width // 2 * 2)
    crops = crops_of(whole, (32, 32), 99, np.random.default_rng(0))
    if all(n // 32 <= 2 for n in whole.shape[:2]):
        for turned in (whole[::-1], np.rot90(whole)):
            found = crops_of(turned, (32, 32), 99, np.random.default_rng(0))
            back = {poses.tobytes() for crop in found for poses in (crop[::-1].copy(), np.rot90(crop, -1).copy())}
            assert {crop.tobytes() for crop in crops} <= back


def test_shuffling_keeps_every_pixel_and_every_block():
    whole = image(50, 41)
    mixed = shuffled(whole, np.random.default_rng(0))
    assert sorted(map(tuple, mixed.reshape(-1, 3))) == sorted(map(tuple, whole.reshape(-1, 3)))
    assert not np.array_equal(mixed[:48, :40], whole[:48, :40])
    assert np.array_equal(mixed[48:], whole[48:])
    assert np.array_equal(mixed[:, 40:], whole[:, 40:])
    blocks = {whole[y : y + 8, x : x + 8].tobytes() for y in range(0, 48, 8) for x in range(0, 40, 8)}
    assert mixed[8:16, 16:24].tobytes() in blocks


def test_the_shapes_of_a_square_and_a_bar():
    labels = np.zeros((40, 60), np.uint16)
    labels[10:20, 10:20], labels[10:14, 25:45], labels[0:5, 50:55] = 3, 7, 9
    table = measure_shapes(np.repeat((labels * 9).astype(np.uint8)[..., None], 3, 2), labels)
    assert list(table.columns) == list(OBJECT_MEASURES)
    # The third reaches the border and is left out.
    assert table["area"].tolist() == [100, 80]
    # The variance of 1..n is (n^2 - 1) / 12, so that of the bar's sides is as 15 to 399.
    assert table["eccentricity"].tolist() == pytest.approx([0, np.sqrt(1 - 15 / 399)])
    assert table["solidity"].tolist() == pytest.approx([1, 1])
    assert table["neighbour_distance"].tolist() == [6, 6]


def test_an_image_without_objects_has_no_shapes():
    assert measure_shapes(image(20, 20), np.zeros((20, 20), np.uint16)).empty


def test_grey_levels_are_those_of_their_class():
    labels = np.zeros((32, 32), np.uint16)
    labels[8:16, 8:16] = 1
    picture = np.where(labels[..., None] > 0, np.uint8([200, 100, 50]), np.uint8(7))
    crops = crops_of(picture, (32, 32), 1, np.random.default_rng(0))
    thumbnails, profile, _, histograms = appearance(picture, labels, crops, TARGET)
    assert histograms.sum(axis=2) == pytest.approx(np.ones((3, 3)))
    assert histograms[0, :, 7].tolist() == [1, 1, 1]
    assert [histograms[1, channel, level] for channel, level in enumerate((200, 100, 50))] == [1, 1, 1]
    assert np.isfinite(profile).all()
    assert len(thumbnails) == 1
    assert np.isnan(appearance(picture, np.zeros_like(labels), crops, TARGET)[3][1:]).all()
