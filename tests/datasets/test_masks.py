"""One label image of one binary mask per object."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cellarena.datasets.labels.object_masks import place_masks


def mask(top: int, bottom: int, value: int = 255) -> np.ndarray:
    pixels = np.zeros((6, 4), np.uint8)
    pixels[top:bottom] = value
    return pixels


def test_smaller_masks_lie_on_top_in_any_order() -> None:
    large, small, apart = ("l", mask(0, 4)), ("s", mask(2, 4, 1)), ("a", mask(5, 6) > 0)
    assert place_masks([large, small, apart])[:, 0].tolist() == [1, 1, 2, 2, 0, 3]
    assert place_masks([small, apart, large])[:, 0].tolist() == [3, 3, 1, 1, 0, 2]


def test_an_empty_mask_leaves_no_object() -> None:
    labels = place_masks([("a", mask(0, 0)), ("b", mask(0, 1))])
    assert np.unique(labels).tolist() == [0, 2]
    assert labels.dtype == np.uint32


@pytest.mark.parametrize(
    ("masks", "message"),
    [
        ([], "no mask"),
        ([("m1", mask(0, 2)), ("m2", np.zeros((6, 5), np.uint8))], r"m2: shape \(6, 5\).*\(6, 4\)"),
        ([("m1", mask(0, 2) + mask(3, 4, 7))], "m1: 2 values besides 0"),
        ([("m1", np.zeros((6, 4, 3), np.uint8))], r"m1: shape \(6, 4, 3\)"),
    ],
)
def test_masks_that_are_none_are_named(masks: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        place_masks(masks)


@given(st.lists(hnp.arrays(bool, (5, 5)), min_size=1, max_size=6))
def test_every_pixel_of_a_mask_belongs_to_an_object_and_no_other_pixel_does(masks: list) -> None:
    labels = place_masks((str(i), mask) for i, mask in enumerate(masks))
    assert np.array_equal(labels > 0, np.any(masks, axis=0))
    smallest = min(range(len(masks)), key=lambda i: masks[i].sum())
    assert (labels[masks[smallest]] == smallest + 1).all()
