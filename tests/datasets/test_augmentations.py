"""What each augmentation does to images and labels, and how often."""

import math

import numpy as np
import pytest
import torch
from monai.transforms import RandScaleIntensity

from cellarena.datasets.cropping.augmentations import AUGMENTATIONS, _gamma, nnunet
from cellarena.datasets.cropping.random_transforms import RandEachChannel, RandTurnedScaled


def window(seed=0, side=64):
    """Return a window of smooth noise around 0, and labels that say which pixel is which."""
    rng = np.random.default_rng(seed)
    image = rng.normal(0, 1, (3, side // 8, side // 8)).repeat(8, 1).repeat(8, 2).astype(np.float32)
    return {"image": image, "labels": np.arange(side * side, dtype=np.float32).reshape(1, side, side)}


def drawn(transform, seed, sample):
    transform.set_random_state(seed)
    return {key: value.numpy() for key, value in tensors(transform(sample)).items()}


def tensors(sample):
    return {key: torch.as_tensor(value) for key, value in sample.items()}


def disc(radius, side=128):
    """Return a centred bright disc as image and as label 1."""
    rows, columns = np.mgrid[:side, :side] - (side - 1) / 2
    inside = (rows**2 + columns**2 <= radius**2).astype(np.float32)
    return {"image": np.stack([inside] * 3), "labels": inside[None]}


@pytest.mark.parametrize("name", AUGMENTATIONS)
@pytest.mark.parametrize("size", [(32, 32), (32, 24), (16, 40)])
def test_crops_have_the_asked_size_and_type(name, size):
    transform, sample = AUGMENTATIONS[name](size), window(side=2 * max(size))
    for seed in range(8):
        found = drawn(transform, seed, sample)
        assert (found["image"].shape, found["labels"].shape) == ((3, *size), (1, *size))
        assert (found["image"].dtype, found["labels"].dtype) == (np.float32, np.float32)
        assert np.isfinite(found["image"]).all()
        assert np.isin(found["labels"], sample["labels"]).all()


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_the_seed_decides_all_that_is_drawn(name):
    transform, again = AUGMENTATIONS[name]((32, 32)), AUGMENTATIONS[name]((32, 32))
    first = [drawn(transform, seed, window()) for seed in range(40)]
    for seed in (39, 3, 0, 17):
        for other in (transform, again):
            repeated = drawn(other, seed, window())
            assert all(repeated[key].tobytes() == first[seed][key].tobytes() for key in repeated)
    assert len({found["image"].tobytes() for found in first}) > 30


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_the_window_is_left_as_it_was(name):
    transform, sample = AUGMENTATIONS[name]((32, 32)), window()
    for seed in range(20):
        drawn(transform, seed, sample)
    assert all(sample[key].tobytes() == window()[key].tobytes() for key in sample)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_labels_move_with_the_image(name):
    transform = AUGMENTATIONS[name]((64, 64))
    sample = window(side=128)
    sample["labels"] = (sample["image"][:1] > 0).astype(np.float32)
    sample["image"] = np.concatenate([sample["labels"]] * 3)
    transform.transforms = transform.transforms[:1] + transform.transforms[-2:] if name == "nnunet" else (
        transform.transforms[:2]
    )  # fmt: skip
    agreements = []
    for seed in range(20):
        found = drawn(transform, seed, sample)
        agreements.append(((found["image"][0] > 0.5) == (found["labels"][0] > 0)).mean())
    assert min(agreements) > 0.98


def test_shared_images_stay_between_zero_and_one():
    transform = AUGMENTATIONS["strong"]((32, 32))
    sample = window()
    sample["image"] = (sample["image"] > 0).astype(np.float32)
    for seed in range(30):
        image = drawn(transform, seed, sample)["image"]
        assert 0 <= image.min() <= image.max() <= 1


def test_a_crop_that_is_not_turned_is_the_middle_of_the_window():
    transform, sample = RandTurnedScaled((8, 6), prob=0, angle=math.pi, scale=(0.7, 1.4)), window(side=16)
    found = drawn(transform, 0, sample)
    assert found["image"].tobytes() == sample["image"][:, 4:12, 5:11].tobytes()
    assert found["labels"].tobytes() == sample["labels"][:, 4:12, 5:11].tobytes()


@pytest.mark.parametrize("scale", [0.5, 0.8, 1.5])
def test_a_scale_above_one_makes_objects_smaller_alike_along_both_axes(scale):
    transform = RandTurnedScaled((64, 64), prob=1, angle=0.0, scale=(scale, scale))
    labels = drawn(transform, 0, disc(15))["labels"][0]
    height, width = (labels.any(axis=axis).sum() for axis in (0, 1))
    assert height == width == pytest.approx(30 / scale, abs=1.5)


def test_turned_and_scaled_are_drawn_apart_from_each_other():
    size, n_draws = (8, 8), 600
    once = RandTurnedScaled(size, prob=0.2, angle=math.pi, scale=(0.7, 1.4))
    labels = window(side=16)["labels"]
    sample, middle = {"image": labels, "labels": labels}, labels[:, 4:12, 4:12]
    moved = [drawn(once, seed, sample)["image"].tobytes() != middle.tobytes() for seed in range(n_draws)]
    assert np.mean(moved) == pytest.approx(1 - 0.8 * 0.8, abs=0.06)


def test_long_patches_are_turned_by_at_most_fifteen_degrees():
    side = 96
    sample = {"image": np.zeros((3, side, side), np.float32), "labels": np.zeros((1, side, side), np.float32)}
    sample["labels"][:, : side // 2] = 1
    slopes = {}
    for size in ((48, 48), (24, 48)):
        transform = nnunet(size)
        transform.transforms = transform.transforms[:1]
        tops = [drawn(transform, seed, sample)["labels"][0].sum(axis=0) for seed in range(120)]
        slopes[size] = max(abs(float(top[-1] - top[0])) for top in tops)
    # Over 48 columns an edge turned by 15 degrees falls by 13 pixels.
    assert 4 < slopes[24, 48] <= 13
    assert slopes[48, 48] > 30


def test_all_four_mirror_images_are_as_frequent():
    transform = nnunet((8, 8))
    transform.transforms = transform.transforms[-2:]
    sample = window(side=8)
    corners = [float(drawn(transform, seed, sample)["labels"][0, 0, 0]) for seed in range(400)]
    shares = {corner: corners.count(corner) / len(corners) for corner in set(corners)}
    assert shares == pytest.approx(dict.fromkeys((0, 7, 56, 63), 0.25), abs=0.08)


def test_intensities_change_as_often_as_in_nnunet():
    transforms = nnunet((16, 16)).transforms[1:-2]
    sample = {"image": window(side=16)["image"], "labels": np.zeros((1, 16, 16), np.float32)}
    for transform, share in zip(transforms, (0.1, 0.2 * 7 / 8, 0.15, 0.15, 0.25 * 7 / 8, 0.1, 0.3), strict=True):
        changed = []
        for seed in range(300):
            found = drawn(transform, seed, sample)
            assert found["labels"].tobytes() == sample["labels"].tobytes()
            changed.append(not np.allclose(found["image"], sample["image"], atol=1e-6))
        assert np.mean(changed) == pytest.approx(share, abs=0.07)


def test_every_channel_draws_for_itself():
    grey = np.stack([window()["image"][0]] * 3)
    scaled = RandEachChannel(RandScaleIntensity(factors=0.25, prob=1), prob=1)
    factors = np.array([
        [float(channel.ravel() @ grey[0].ravel()) / float(grey[0].ravel() @ grey[0].ravel()) for channel in image]
        for image in (drawn(scaled, seed, {"image": grey})["image"] for seed in range(50))
    ])  # fmt: skip
    assert np.ptp(factors, axis=1).min() > 0.001
    assert 0.75 <= factors.min() < 0.8
    assert 1.2 < factors.max() <= 1.25


@pytest.mark.parametrize("of_inverted", [False, True])
def test_gamma_keeps_mean_and_spread_and_goes_both_ways(of_inverted):
    image = torch.from_numpy(np.random.default_rng(0).normal(0.4, 2, (1, 32, 32)).astype(np.float32))
    gamma, skews = _gamma(of_inverted=of_inverted), []
    for seed in range(60):
        gamma.set_random_state(seed)
        found = gamma(image)
        assert float(found.mean()) == pytest.approx(float(image.mean()), abs=1e-3)
        assert float(found.std()) == pytest.approx(float(image.std()), rel=1e-3)
        skews.append(float(((found - found.mean()) ** 3).mean()) > float(((image - image.mean()) ** 3).mean()))
    assert np.mean(skews) == pytest.approx(0.5, abs=0.2)


def test_contrast_keeps_the_range_and_the_middle():
    contrast, image = nnunet((16, 16)).transforms[4], window()["image"]
    spreads = []
    for seed in range(200):
        found = drawn(contrast, seed, {"image": image})["image"]
        assert (found.min(axis=(1, 2)) >= image.min(axis=(1, 2)) - 1e-6).all()
        assert (found.max(axis=(1, 2)) <= image.max(axis=(1, 2)) + 1e-6).all()
        spreads.append(found[0].std() / image[0].std())
    assert 0.74 < min(spreads) < 0.8
    assert 1.05 < max(spreads) < 1.25
