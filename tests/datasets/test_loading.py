from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellarena.datasets import loading
from cellarena.datasets.loading import Annotated, Crops, StepSampler
from cellarena.targets.spec import Target


class Foreground(Target):
    """A target that is the foreground itself."""

    n_channels = 1

    def encode(self, labels):
        return (labels > 0).astype(np.uint8)


class Numbers(Target):
    """A target that is the label image itself."""

    n_channels = 1

    def encode(self, labels):
        return labels


def blocks(shape=(70, 90), side=16, modality="fluorescence"):
    """Return blocks of objects whose pixels are white, on black."""
    labels = np.zeros(shape, np.uint16)
    for i, row in enumerate(range(4, shape[0] - side, side + 10)):
        for j, column in enumerate(range(4, shape[1] - side, side + 10)):
            labels[row : row + side, column : column + side] = 1 + 10 * i + j
    return Annotated(np.repeat(np.where(labels > 0, 255, 0).astype(np.uint8)[..., None], 3, axis=2), labels, modality)


def constant(value, modality):
    return Annotated(np.full((40, 40, 3), value, np.uint8), np.zeros((40, 40), np.uint8), modality)


def geometry_only(monkeypatch):
    """Leave of the augmentation what moves pixels: rotation, scale and flip."""
    whole = loading.augmentation

    def moved(crop):
        composed = whole(crop)
        composed.transforms = composed.transforms[:2]
        return composed

    monkeypatch.setattr(loading, "augmentation", moved)


def test_a_crop_depends_on_its_number_alone():
    images = [blocks(), blocks((33, 47), 8)]
    forwards = [Crops(images, Foreground(), 32, 0)[i] for i in range(4)]
    crops = Crops(images, Foreground(), 32, 0)
    for i in (3, 1, 1, 0, 2):
        image, target = crops[i]
        assert image.numpy().tobytes() == forwards[i][0].numpy().tobytes()
        assert target.numpy().tobytes() == forwards[i][1].numpy().tobytes()


def test_numbers_and_seeds_give_different_crops():
    images = [blocks()]
    drawn = [Crops(images, Foreground(), 32, seed)[i][0].numpy().tobytes() for seed in (0, 1) for i in range(3)]
    assert len(set(drawn)) == 6


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (41, 29), (150, 150)])
def test_any_image_gives_crops_of_the_asked_size_and_range(shape):
    crops = Crops([blocks(shape)], Foreground(), 64, 0)
    for i in range(6):
        image, target = crops[i]
        assert tuple(image.shape) == (3, 64, 64)
        assert tuple(target.shape) == (64, 64)
        assert str(image.dtype) == "torch.float32"
        assert 0 <= image.min() <= image.max() <= 1


def test_image_and_target_stay_aligned(monkeypatch):
    geometry_only(monkeypatch)
    crops = Crops([blocks((200, 200), 30)], Foreground(), 64, 0)
    agreement = [
        float(((image[0] > 0.5) == (target > 0)).float().mean()) for image, target in map(crops.__getitem__, range(12))
    ]
    assert min(agreement) > 0.98
    assert any(0.1 < float(target.float().mean()) < 0.9 for _, target in map(crops.__getitem__, range(12)))


def test_intensity_changes_move_no_pixel():
    crops = Crops([blocks((200, 200), 30)], Foreground(), 64, 0)
    for i in range(12):
        image, target = crops[i]
        grey, inside = image.mean(0), target > 0
        if 50 < int(inside.sum()) < 64 * 64 - 50:
            assert abs(float(grey[inside].mean() - grey[~inside].mean())) > 0.4


def test_labels_survive_augmentation_as_whole_numbers():
    labels = np.arange(1, 1 + 120 * 120, dtype=np.uint32).reshape(120, 120) + 70_000
    image = np.zeros((120, 120, 3), np.uint8)
    _, numbers = Crops([Annotated(image, labels, "dic")], Numbers(), 32, 0)[0]
    assert len(np.unique(numbers)) > 100
    assert 0 < int(numbers.min()) <= int(numbers.max()) <= 64 * 64


def test_modalities_are_drawn_by_the_square_root_of_their_share(monkeypatch):
    monkeypatch.setattr(loading, "augmentation", lambda _: Identity())
    images = [constant(10 * i, "many") for i in range(16)] + [constant(200, "few")]
    crops = Crops(images, Foreground(), 32, 0)
    drawn = Counter(round(float(crops[i][0].max()) * 255) for i in range(500))
    assert drawn[200] / 500 == pytest.approx(1 / 5, abs=0.06)
    assert len(drawn) == 17


class Identity:
    """An augmentation that changes nothing but types."""

    def set_random_state(self, _):
        return self

    def __call__(self, sample):
        from monai.data import MetaTensor

        return {name: MetaTensor(array) for name, array in sample.items()}


@given(st.integers(1, 9), st.lists(st.integers(-200, 200), min_size=1))
def test_positions_are_mirrored_into_the_image(n, positions):
    folded = loading._mirrored(np.array(positions), n)
    line = np.pad(np.arange(n), 400, mode="symmetric")
    np.testing.assert_array_equal(folded, line[np.array(positions) + 400])


@given(st.integers(1, 50), st.integers(1, 6))
def test_epochs_never_repeat_a_crop(n_crops, n_epochs):
    sampler = StepSampler(n_crops)
    drawn = []
    for epoch in range(n_epochs):
        sampler.set_epoch(epoch)
        drawn += list(sampler)
    assert drawn == list(range(n_crops * n_epochs))
    assert len(sampler) == n_crops
