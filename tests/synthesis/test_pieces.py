import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from cellarena.synthesis.moments import moments
from cellarena.synthesis.pieces import cropped, in_one_piece, largest_piece, vary


def ellipse(height: int, width: int) -> np.ndarray:
    rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return np.hypot(rows, columns) <= 1


def test_the_largest_of_two_diagonal_pieces_stays() -> None:
    region = np.array([[1, 0, 0], [0, 1, 1]], bool)

    assert largest_piece(region).tolist() == [[False, False, False], [False, True, True]]
    assert cropped(largest_piece(region)).tolist() == [[True, True]]


def test_each_object_keeps_one_piece() -> None:
    labels = np.array([[1, 0, 2, 2], [0, 1, 1, 2], [2, 0, 0, 0]])

    assert in_one_piece(labels).tolist() == [[0, 0, 2, 2], [0, 1, 1, 2], [0, 0, 0, 0]]


@given(st.integers(1, 40), st.integers(1, 40), st.floats(-7, 7), st.integers(0, 1000))
@settings(max_examples=80, deadline=None)
def test_a_changed_shape_is_one_cropped_piece(height: int, width: int, turn: float, seed: int) -> None:
    changed = vary(cropped(largest_piece(ellipse(height, width) | True)), turn, np.random.default_rng(seed))

    assert ndimage.label(changed)[1] == 1
    assert changed[0].any()
    assert changed[-1].any()
    assert changed[:, 0].any()
    assert changed[:, -1].any()


def test_a_changed_shape_has_about_its_area_and_lies_as_turned() -> None:
    region = ellipse(14, 40)
    rng = np.random.default_rng(0)
    changed = [vary(region, np.pi / 3, rng) for _ in range(40)]

    ratios = np.array([shape.sum() for shape in changed]) / region.sum()
    angles = np.array([moments(shape.astype(int), 1).angles[0] for shape in changed])

    assert abs(np.median(ratios) - 1) < 0.08
    assert ((ratios > 0.6) & (ratios < 1.5)).all()
    assert abs(np.median(angles) - np.pi / 3) < 0.1
    assert len({shape.tobytes() for shape in changed}) == 40
