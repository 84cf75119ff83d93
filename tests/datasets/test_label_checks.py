"""What passes for a label image, and what is refused with the kind that was found."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cellarena.datasets.label_checks import as_label_image, place_masks


def squares(*labels: int, dtype: str = "uint16") -> np.ndarray:
    """Return separate 3 x 3 squares in a row, one per label."""
    pixels = np.zeros((5, 1 + 5 * len(labels)), dtype)
    for i, label in enumerate(labels):
        pixels[1:4, 1 + 5 * i : 4 + 5 * i] = label
    return pixels


@pytest.mark.parametrize(
    ("pixels", "kind"),
    [
        (squares(1, 1) > 0, "binary \\(bool\\)"),
        (squares(1) > 0, "binary \\(bool\\)"),
        (squares(1, 1, 1), "binary: 3 separate pieces, all 1"),
        (squares(7, 7), "binary: 2 separate pieces, all 7"),
        (squares(255, 255, dtype="uint8"), "binary \\(0 and 255\\)"),
        (squares(255, dtype="uint8"), "binary \\(0 and 255\\)"),
        (squares(1, 2, 1, 2, 1, 2, 1, 2), "classes: 8 pieces share 2 numbers"),
        (np.repeat(squares(1, 2)[..., None], 3, axis=2), "RGB or a palette"),
        (squares(1, 2) * np.float32(1.5), "fractions such as 1.5"),
        (np.full((3, 3), np.nan), "NaN"),
        (np.full((3, 3), np.inf, np.float32), "NaN or infinite"),
        (-squares(1, 2).astype(np.int32), "go down to -2"),
        (-squares(1, 2).astype(np.float64), "go down to -2"),
        (squares(1, 2).astype(np.complex64), "type complex64"),
        (np.full((3, 3), 2.0**24 + 2, np.float32), "merges numbers"),
    ],
)
def test_other_arrays_are_refused_by_their_kind(pixels: np.ndarray, kind: str) -> None:
    with pytest.raises(ValueError, match=kind):
        as_label_image(pixels)


@pytest.mark.parametrize(
    "pixels",
    [
        squares(1),
        np.eye(6, dtype=np.uint8),
        np.ones((4, 4), np.uint8),
        np.zeros((4, 4), np.uint8),
        squares(1, 2),
        squares(3, 900, 65535),
        squares(1, 2, 2),
        squares(2**31 - 1, 5, dtype="int32"),
        squares(2**63, 5, dtype="uint64"),
        np.array([[1, 2], [3, 4]], np.uint8),
        np.array([[1]], np.uint8),
    ],
)
def test_label_images_pass_unchanged(pixels: np.ndarray) -> None:
    labels = as_label_image(pixels)
    assert labels.dtype == pixels.dtype
    assert np.array_equal(labels, pixels)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_whole_floats_become_integers(dtype: str) -> None:
    labels = as_label_image(squares(1, 70_000, dtype=dtype))
    assert labels.dtype == np.int64
    assert sorted(np.unique(labels)) == [0, 1, 70_000]


@given(hnp.arrays(np.uint16, (8, 9), elements=st.integers(0, 2**16 - 1)))
def test_many_labels_are_never_changed(pixels: np.ndarray) -> None:
    if len(np.unique(pixels)) > 5:
        assert np.array_equal(as_label_image(pixels), pixels)


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
