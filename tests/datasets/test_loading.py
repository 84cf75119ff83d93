from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellarena.datasets.cropping.augmentations import AUGMENTATIONS
from cellarena.datasets.cropping.crops import Annotated, Cropping, Crops, StepSampler, _mirrored
from cellarena.targets.spec import UNTAUGHT
from plain_target import PlainTarget


class Foreground(PlainTarget):
    """A target that is the foreground itself."""

    def encode(self, labels):
        return (labels > 0).astype(np.uint8)


def blocks(shape=(70, 90), side=16, modality="fluorescence"):
    """Return blocks of objects whose pixels are white, on black."""
    labels = np.zeros(shape, np.uint16)
    for i, row in enumerate(range(4, shape[0] - side, side + 10)):
        for j, column in enumerate(range(4, shape[1] - side, side + 10)):
            labels[row : row + side, column : column + side] = 1 + 10 * i + j
    return Annotated(np.repeat(np.where(labels > 0, 255, 0).astype(np.uint8)[..., None], 3, axis=2), labels, modality)


def constant(value, modality):
    return Annotated(np.full((40, 40, 3), value, np.uint8), np.zeros((40, 40), np.uint8), modality)


def cropping(height=32, width=None, augmentation="strong", normalisation="unit", foreground=0.0):
    return Cropping((height, width or height), augmentation, normalisation, foreground)


@pytest.fixture
def geometry_only(monkeypatch):
    """Leave of the shared augmentation what moves pixels: rotation, scale and flip."""
    whole = AUGMENTATIONS["strong"]

    def moved(size):
        composed = whole(size)
        composed.transforms = composed.transforms[:2]
        return composed

    monkeypatch.setitem(AUGMENTATIONS, "strong", moved)


def test_a_crop_depends_on_its_number_alone():
    images = [blocks(), blocks((33, 47), 8)]
    forwards = [Crops(images, Foreground(), cropping(), 0)[i] for i in range(4)]
    crops = Crops(images, Foreground(), cropping(), 0)
    for i in (3, 1, 1, 0, 2):
        image, target = crops[i]
        assert image.numpy().tobytes() == forwards[i][0].numpy().tobytes()
        assert target.numpy().tobytes() == forwards[i][1].numpy().tobytes()


def test_numbers_and_seeds_give_different_crops():
    images = [blocks()]
    drawn = [Crops(images, Foreground(), cropping(), seed)[i][0].numpy().tobytes() for seed in (0, 1) for i in range(3)]
    assert len(set(drawn)) == 6


@pytest.mark.parametrize("augmentation", AUGMENTATIONS)
@pytest.mark.parametrize("size", [(64, 64), (32, 96), (96, 32)])
@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (41, 29), (150, 150)])
def test_any_image_gives_crops_of_the_asked_size(shape, size, augmentation):
    crops = Crops([blocks(shape)], Foreground(), cropping(*size, augmentation), 0)
    for i in range(6):
        image, target = crops[i]
        assert tuple(image.shape) == (3, *size)
        assert tuple(target.shape) == size
        assert str(image.dtype) == "torch.float32"
        assert bool(image.isfinite().all())


def test_intensities_stay_in_the_range_that_networks_see():
    crops = Crops([blocks()], Foreground(), cropping(64), 0)
    assert all(0 <= image.min() <= image.max() <= 1 for image, _ in map(crops.__getitem__, range(40)))


def test_image_and_target_stay_aligned(geometry_only):
    crops = Crops([blocks((200, 200), 30)], Foreground(), cropping(64), 0)
    agreement = [
        float(((image[0] > 0.5) == (target > 0)).float().mean()) for image, target in map(crops.__getitem__, range(12))
    ]
    assert min(agreement) > 0.98
    assert any(0.1 < float(target.float().mean()) < 0.9 for _, target in map(crops.__getitem__, range(12)))


def test_intensity_changes_move_no_pixel():
    crops = Crops([blocks((200, 200), 30)], Foreground(), cropping(64), 0)
    for i in range(12):
        image, target = crops[i]
        grey, inside = image.mean(0), target > 0
        if 50 < int(inside.sum()) < 64 * 64 - 50:
            assert abs(float(grey[inside].mean() - grey[~inside].mean())) > 0.4


def test_labels_survive_augmentation_as_whole_numbers():
    labels = np.arange(1, 1 + 120 * 120, dtype=np.uint32).reshape(120, 120) + 70_000
    image = np.zeros((120, 120, 3), np.uint8)
    _, numbers = Crops([Annotated(image, labels, "dic")], PlainTarget(), cropping(), 0)[0]
    assert len(np.unique(numbers)) > 100
    assert 0 < int(numbers.min()) <= int(numbers.max()) <= 64 * 64


def test_modalities_are_drawn_by_the_square_root_of_their_share(monkeypatch):
    monkeypatch.setitem(AUGMENTATIONS, "strong", lambda _: Identity())
    images = [constant(10 * i, "many") for i in range(16)] + [constant(200, "few")]
    crops = Crops(images, Foreground(), cropping(), 0)
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


class Centre(Identity):
    """Cuts the middle pixel of the window out, and changes nothing."""

    def __call__(self, sample):
        whole = super().__call__(sample)
        height, width = whole["labels"].shape[1:]
        return {
            name: array[:, height // 2 : height // 2 + 1, width // 2 : width // 2 + 1] for name, array in whole.items()
        }


def lone_object(shape=(300, 400)):
    """Return an image with one object of 5 x 7 pixels in a corner, far from all else."""
    labels = np.zeros(shape, np.uint16)
    labels[280:285, 20:27] = 9
    return Annotated(np.where(labels > 0, 255, 0).astype(np.uint8)[..., None].repeat(3, axis=2), labels, "dic")


def test_foreground_crops_are_centred_on_an_object(monkeypatch):
    monkeypatch.setitem(AUGMENTATIONS, "strong", lambda _: Centre())
    always, never = (Crops([lone_object()], Foreground(), cropping(foreground=share), 0) for share in (1, 0))
    assert all(always[i][1].item() == 1 and always[i][0].min() == 1 for i in range(30))
    assert sum(int(never[i][1]) for i in range(30)) <= 1


def test_a_share_of_the_crops_is_centred_on_an_object(monkeypatch):
    monkeypatch.setitem(AUGMENTATIONS, "strong", lambda _: Centre())
    crops = Crops([lone_object()], Foreground(), cropping(foreground=1 / 3), 0)
    assert np.mean([int(crops[i][1]) for i in range(300)]) == pytest.approx(1 / 3, abs=0.07)


@pytest.mark.parametrize("augmentation", AUGMENTATIONS)
def test_an_object_that_is_centred_on_is_in_the_crop(augmentation):
    crops = Crops([lone_object()], Foreground(), cropping(64, 32, augmentation, foreground=1), 0)
    assert all(crops[i][1].any() for i in range(30))


def test_all_pixels_of_all_objects_are_centred_on(monkeypatch):
    monkeypatch.setitem(AUGMENTATIONS, "strong", lambda _: Identity())
    labels = np.zeros((9, 12), np.uint8)
    labels[2, 3:5], labels[7, 10] = 5, 2
    image = np.arange(labels.size, dtype=np.uint8).reshape(labels.shape)[..., None].repeat(3, axis=2)
    crops = Crops([Annotated(image, labels, "dic")], Foreground(), cropping(foreground=1), 0)
    centres = {round(float(crops[i][0][0, 32, 32]) * 255) for i in range(60)}
    assert centres == {27, 28, 94}


def test_an_image_without_objects_is_cropped_anywhere():
    image, target = Crops([constant(7, "dic")], Foreground(), cropping(foreground=1), 0)[0]
    assert tuple(image.shape) == (3, 32, 32)
    assert not target.any()


def test_a_z_score_is_that_of_the_whole_image_not_of_the_crop(monkeypatch):
    monkeypatch.setitem(AUGMENTATIONS, "strong", lambda _: Identity())
    image = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    image[:45] //= 3
    crops = Crops(
        [Annotated(image, np.zeros((90, 120), np.uint8), "dic")], Foreground(), cropping(16, normalisation="z_score"), 0
    )
    expected = (image - image.mean(axis=(0, 1))) / image.std(axis=(0, 1))
    known = {tuple(pixel) for pixel in expected.reshape(-1, 3).round(3) + 0.0}
    for i in range(5):
        pixels = np.moveaxis(crops[i][0].numpy(), 0, -1).reshape(-1, 3)
        found = {tuple(pixel) for pixel in pixels.astype(np.float64).round(3) + 0.0}
        assert len(found & known) > 0.95 * len(found)


def half_annotated():
    """Return an image whose blocks on the left are white; the right half, which nobody annotated, is grey."""
    whole = blocks((120, 160))
    ignored = np.zeros((120, 160), bool)
    ignored[:, 80:] = True
    image = np.where(ignored[..., None], 128, whole.image).astype(np.uint8)
    return Annotated(image, np.where(ignored, 0, whole.labels), "dic", ignored)


@pytest.mark.parametrize("augmentation", ["geometric", "nnunet"])
def test_what_nobody_annotated_moves_with_the_image(augmentation, monkeypatch):
    whole = AUGMENTATIONS[augmentation]

    def moved(size):
        composed = whole(size)
        names = {"RandAffined", "RandFlipd", "RandTurnedScaled"}
        composed.transforms = [one for one in composed.transforms if type(one).__name__ in names]
        return composed

    monkeypatch.setitem(AUGMENTATIONS, augmentation, moved)
    crops = Crops([half_annotated()], Foreground(), cropping(48, augmentation=augmentation), 0)
    shares = []
    for i in range(20):
        image, target = crops[i]
        grey = np.abs(image[0].numpy() - 128 / 255) < 0.01
        untaught = target.numpy() == UNTAUGHT
        shares.append(untaught.mean())
        assert (untaught != grey).mean() < 0.05
    assert min(shares) == 0
    assert max(shares) > 0.25


@pytest.mark.parametrize("foreground", [0, 1])
def test_no_crop_is_centred_where_nobody_annotated(foreground, monkeypatch):
    monkeypatch.setitem(AUGMENTATIONS, "strong", lambda _: Centre())
    annotated = half_annotated()
    bare = Annotated(annotated.image, np.zeros_like(annotated.labels), "dic", annotated.ignored)
    crops = Crops([annotated, bare], Foreground(), cropping(foreground=foreground), 0)
    assert all(crops[i][1].item() != UNTAUGHT for i in range(200))


def test_an_image_that_nobody_annotated_teaches_nothing():
    image = constant(7, "dic")
    ignored = Annotated(image.image, image.labels, "dic", np.ones(image.labels.shape, bool))
    assert (Crops([ignored], Foreground(), cropping(), 0)[0][1] == UNTAUGHT).all()


@pytest.mark.parametrize("augmentation", AUGMENTATIONS)
def test_crops_of_what_was_annotated_whole_do_not_depend_on_saying_so(augmentation):
    image = blocks((70, 90), 8)
    said = Annotated(image.image, image.labels, image.modality, np.zeros(image.labels.shape, bool))
    both = [
        Crops([one], Foreground(), cropping(augmentation=augmentation, foreground=1), 0)[3] for one in (image, said)
    ]
    assert all(np.array_equal(a.numpy(), b.numpy()) for a, b in zip(*both, strict=True))


@given(st.integers(1, 9), st.lists(st.integers(-200, 200), min_size=1))
def test_positions_are_mirrored_into_the_image(n, positions):
    folded = _mirrored(np.array(positions), n)
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


@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 5), st.integers(0, 4))
def test_processes_together_see_in_each_step_what_one_alone_sees(n_processes, share, n_steps, epoch):
    batch = n_processes * share
    samplers = [StepSampler(n_steps * batch, rank, n_processes) for rank in range(n_processes)]
    for sampler in samplers:
        sampler.set_epoch(epoch)
    assert {len(sampler) for sampler in samplers} == {n_steps * share}
    drawn = np.array([list(sampler) for sampler in samplers]).reshape(n_processes, n_steps, share)
    alone = StepSampler(n_steps * batch)
    alone.set_epoch(epoch)
    for step, expected in enumerate(np.array(list(alone)).reshape(n_steps, batch)):
        assert sorted(drawn[:, step].ravel()) == list(expected)
