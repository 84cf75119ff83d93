"""What one file is refused for under each kind of labels, and what objects each kind makes of it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cellarena.datasets.labels.kinds import LABEL_KINDS, as_label_image
from cellarena.images.picture import Picture


def squares(*labels: int, dtype: str = "uint16") -> np.ndarray:
    """Return separate 3 x 3 squares in a row, one per label."""
    pixels = np.zeros((5, 1 + 5 * len(labels)), dtype)
    for i, label in enumerate(labels):
        pixels[1:4, 1 + 5 * i : 4 + 5 * i] = label
    return pixels


@pytest.mark.parametrize(
    ("pixels", "kind"),
    [
        (squares(1, 1) > 0, "binary \\(bool\\); set acquire.labels: binary"),
        (squares(1) > 0, "binary \\(bool\\)"),
        (np.repeat(squares(1, 2)[..., None], 3, axis=2), "RGB, shape .* acquire.labels: colours"),
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
        squares(1, 1),
        squares(255, dtype="uint8"),
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
def test_no_number_is_ever_changed(pixels: np.ndarray) -> None:
    assert np.array_equal(as_label_image(pixels), pixels)


def objects(kind: str, pixels: np.ndarray, *, is_lossy: bool = False) -> np.ndarray:
    chosen = LABEL_KINDS[kind]
    return chosen.objects(chosen.numbers(Picture(pixels, (), is_lossy=is_lossy)))


RED, WHITE = (200, 0, 0), (255, 255, 255)


def coloured(*colours: tuple[int, ...], dtype: str = "uint8") -> np.ndarray:
    return np.stack([squares(*channel, dtype=dtype) for channel in zip(*colours, strict=True)], axis=-1)


@pytest.mark.parametrize(
    ("kind", "pixels", "n_objects"),
    [
        ("binary", squares(1, 1, 1) > 0, 3),
        ("binary", squares(255, 255, dtype="uint8"), 2),
        ("binary", squares(1, 0, 1, dtype="float32"), 2),
        ("binary", np.array([[1, 2, 0, 3]], np.uint8), 2),
        ("binary", np.eye(4, dtype=np.uint8), 1),
        ("binary", coloured(WHITE, WHITE), 2),
        ("binary", np.zeros((3, 3), bool), 0),
        ("pieces", squares(1, 2, 1, 2, 1), 5),
        ("pieces", np.array([[1, 1, 2, 2, 1]], np.uint8), 3),
        ("pieces", squares(2**40, 5, 2**40, dtype="int64"), 3),
        ("colours", coloured(RED, WHITE, RED), 3),
        ("colours", coloured((1, 0, 0), (0, 1, 0), (0, 0, 0)), 2),
        ("colours", coloured((0, 0, 1), (0, 1, 0), (0, 0, 65535), dtype="uint16"), 3),
        ("colours", coloured((*RED, 255), (*RED, 0)), 1),
        ("colours", squares(3, 4, 3, dtype="uint8"), 3),
        ("instances", squares(4, 4, 5), 2),
        ("unchecked", squares(4, 4, 5), 2),
        ("unchecked", squares(1, 1) > 0, 1),
    ],
)
def test_each_kind_makes_its_objects(kind: str, pixels: np.ndarray, n_objects: int) -> None:
    labels = objects(kind, pixels)
    assert labels.ndim == 2
    assert labels.dtype.kind in "iu"
    assert np.count_nonzero(np.unique(labels)) == n_objects


@pytest.mark.parametrize("kind", ["instances", "binary", "pieces", "colours"])
def test_labels_with_loss_are_refused_but_by_who_wants_them_so(kind: str) -> None:
    with pytest.raises(ValueError, match="JPEG.*acquire.labels: unchecked"):
        objects(kind, squares(1, 2), is_lossy=True)
    assert np.array_equal(objects("unchecked", squares(1, 2), is_lossy=True), squares(1, 2))


def grid(n_cells: int) -> np.ndarray:
    """Return n cells of 6 x 6 pixels, 20 in a row, numbered from 1."""
    numbers = np.zeros((8 * -(-n_cells // 20), 160), np.int64)
    for cell in range(n_cells):
        top, left = 8 * (cell // 20) + 1, 8 * (cell % 20) + 1
        numbers[top : top + 6, left : left + 6] = cell + 1
    return numbers


@pytest.mark.parametrize(
    ("numbers", "dtype"),
    [
        (grid(576) % 256, "uint8"),
        (grid(300) % 256, "uint8"),
        (grid(262) % 256, "uint16"),
        (np.where(grid(576), grid(576) % 255 + 1, 0), "uint8"),
        (grid(300).clip(0, 255), "uint8"),
        (grid(258).clip(0, 255), "uint8"),
        (grid(300) % 256, "uint64"),
    ],
)
def test_a_file_whose_numbers_ran_out_is_refused_alone(numbers: np.ndarray, dtype: str) -> None:
    with pytest.raises(ValueError, match="use up the numbers to 255.*acquire.labels: pieces"):
        objects("instances", numbers.astype(dtype))


def test_numbers_that_started_anew_are_told_apart_as_pieces() -> None:
    pixels = (grid(576) % 256).astype(np.uint8)
    assert objects("pieces", pixels).max() == 574  # cells 256 and 512 are 0


def divided(numbers: np.ndarray, every: int) -> np.ndarray:
    """Return the cells with every n-th cut in two."""
    cut = numbers.copy()
    cut[4::8] = np.where(cut[4::8] % every == 0, 0, cut[4::8])
    return cut


@pytest.mark.parametrize("n_cells", [249, 255, 256, 400])
def test_as_many_cells_as_numbers_with_some_in_two_pieces_pass(n_cells: int) -> None:
    numbers = divided(grid(n_cells), 5)
    assert np.array_equal(objects("instances", numbers), numbers)
