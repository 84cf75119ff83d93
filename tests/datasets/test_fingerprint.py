"""What nnU-Net's planner is told of the training images."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellarena.datasets.describing.fingerprint import fingerprint


def one_object(image, name="a"):
    """Return a record whose upper left pixel is its only object."""
    labels = np.zeros(image.shape[:2], np.uint16)
    labels[0, 0] = 1
    return name, image, labels


def test_a_case_worked_by_hand():
    image = np.zeros((6, 10, 2), np.uint8)
    image[1:4, 2:8] = (10, 200)
    labels = np.zeros((6, 10), np.uint16)
    labels[2, 3:5] = 7
    found = fingerprint([("a", image, labels)], 0)
    constant = dict.fromkeys(("mean", "median", "min", "max", "percentile_00_5", "percentile_99_5"), 10.0) | {
        "std": 0.0
    }
    assert found == {
        "n_images": 1,
        "n_images_with_foreground": 1,
        "shapes": [(3, 6)],
        "median_relative_size": 18 / 60,
        "intensities": [constant, {**constant, **{k: 200.0 for k in constant if k != "std"}}],
    }


def test_a_pixel_that_is_zero_in_one_channel_only_is_not_cropped():
    image = np.zeros((5, 5, 3), np.uint16)
    image[0, 0, 0] = image[4, 3, 2] = 1
    assert fingerprint([one_object(image)], 0)["shapes"] == [(5, 4)]


def test_a_black_image_keeps_its_size():
    assert fingerprint([one_object(np.zeros((4, 7), np.uint8))], 0)["shapes"] == [(4, 7)]


def test_statistics_are_those_of_the_foreground():
    rng = np.random.default_rng(0)
    image = rng.integers(1, 60_000, (200, 300, 3)).astype(np.uint16)
    labels = np.zeros((200, 300), np.uint32)
    labels[50:150, 40:250] = 3
    image[labels == 0] = 65_535
    values = image[labels > 0].astype(float)
    for channel, found in enumerate(fingerprint([("a", image, labels)], 0)["intensities"]):
        assert found["mean"] == pytest.approx(values[:, channel].mean(), rel=0.02)
        assert found["std"] == pytest.approx(values[:, channel].std(), rel=0.02)
        assert found["median"] == pytest.approx(np.median(values[:, channel]), rel=0.03)
        assert found["percentile_99_5"] == pytest.approx(np.percentile(values[:, channel], 99.5), rel=0.01)
        assert found["max"] < 60_000


def test_an_image_with_few_objects_counts_as_much_as_one_with_many():
    few, many = np.full((50, 50), 10, np.uint8), np.full((50, 50), 30, np.uint8)
    found = fingerprint([one_object(few), ("b", many, np.ones((50, 50), np.uint16))], 0)
    assert found["intensities"][0]["mean"] == 20


def test_an_image_without_objects_counts_for_its_shape_only():
    empty = ("b", np.full((9, 9), 99, np.uint8), np.zeros((9, 9), np.uint16))
    found = fingerprint([one_object(np.full((5, 5), 10, np.uint8)), empty], 0)
    assert (found["n_images"], found["n_images_with_foreground"], found["shapes"]) == (2, 1, [(5, 5), (9, 9)])
    assert found["intensities"][0]["max"] == 10


@given(st.permutations(["a", "b", "c"]), st.integers(0, 5))
def test_the_order_of_the_images_changes_no_statistic(order, seed):
    pixels = {name: np.random.default_rng(ord(name)).integers(1, 256, (20, 20), np.uint8) for name in order}
    whole = np.ones((20, 20), np.uint16)
    straight = fingerprint([(name, pixels[name], whole) for name in sorted(order)], seed)
    shuffled = fingerprint([(name, pixels[name], whole) for name in order], seed)
    assert shuffled["intensities"][0] == pytest.approx(straight["intensities"][0])
    assert shuffled == fingerprint([(name, pixels[name], whole) for name in order], seed)


def test_seed_and_id_decide_the_sample():
    image = np.random.default_rng(0).integers(1, 65_536, (300, 300)).astype(np.uint16)
    whole = np.ones((300, 300), np.uint16)
    first, same, other_seed, other_id = (
        fingerprint([(name, image, whole)], seed)["intensities"][0]["mean"]
        for name, seed in (("a", 0), ("a", 0), ("a", 1), ("b", 0))
    )
    assert first == same
    assert len({first, other_seed, other_id}) == 3


def test_it_survives_json():
    found = fingerprint([one_object(np.ones((4, 4), np.uint8))], 0)
    read = json.loads(json.dumps(found, allow_nan=False))
    assert read == {**found, "shapes": [[4, 4]]}


@pytest.mark.parametrize(
    ("images", "complaint"),
    [
        ([], "none of the 0 training images has an object"),
        ([("a", np.ones((4, 4), np.uint8), np.zeros((4, 4), np.uint8))], "none of the 1 training images has an object"),
        ([("odd", np.ones((4, 5), np.uint8), np.zeros((4, 4), np.uint8))], "odd: image is (4, 5) px"),
        ([one_object(np.ones((4, 4), np.uint8)), one_object(np.ones((4, 4, 3), np.uint8), "b")], "b: has 3 channels"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(images, complaint):
    with pytest.raises(ValueError, match=".+") as error:
        fingerprint(images, 0)
    assert complaint in str(error.value)
