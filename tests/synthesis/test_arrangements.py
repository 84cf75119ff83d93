import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.spatial.distance import cdist

from cellarena.synthesis.arrangements import arrangement, windows
from cellarena.synthesis.moments import moments


def row_of_squares() -> np.ndarray:
    """Four squares of 4 x 4: two touch along a side of 4 px, one is 6 px to the right of them, one the frame cuts."""
    labels = np.zeros((40, 40), np.int32)
    labels[18:22, 16:20] = 1
    labels[18:22, 20:24] = 2
    labels[18:22, 29:33] = 3
    labels[36:40, 17:21] = 9
    return labels


def test_squares_hang_on_the_nearest_before_them() -> None:
    found = arrangement(row_of_squares())

    assert found.size == (40, 40)
    assert found.areas.tolist() == [16, 16, 16, 16]
    assert found.gaps.tolist() == [0, 1, 6, 15]
    assert found.contacts.tolist() == [0, 4, 0, 0]
    assert found.touching.tolist() == [True, True, False, False]
    assert found.cut.tolist() == [False, False, False, True]
    assert found.parents[:2].tolist() == [-1, 0]
    assert found.crowding.sum() == 4


def test_crowding_counts_centres_by_quarter_of_the_sides() -> None:
    labels = np.zeros((40, 80), np.int32)
    labels[2:4, 2:4], labels[35:37, 70:72], labels[38:40, 76:78] = 1, 2, 3

    crowding = arrangement(labels).crowding

    assert crowding[0, 0] == 1
    assert crowding[3, 3] == 2
    assert crowding.sum() == 3


@given(hnp.arrays(np.int32, (9, 9), elements=st.integers(0, 5)))
@settings(max_examples=60, deadline=None)
def test_the_tree_is_minimal(labels: np.ndarray) -> None:
    found = arrangement(labels)
    present = [label for label in np.unique(labels) if label]
    apart = np.array([[cdist(np.argwhere(labels == a), np.argwhere(labels == b)).min() for b in present]
                      for a in present])  # fmt: skip
    apart[apart < 1.5] = 1
    reached, lengths = {0}, []
    while present and len(reached) < len(present):
        outside = [place for place in range(len(present)) if place not in reached]
        length, nearest = min((apart[a, b], b) for a in reached for b in outside)
        reached.add(nearest)
        lengths.append(length)

    assert sorted(found.gaps[1:].tolist()) == pytest.approx(sorted(lengths), abs=0.6)
    assert sorted(found.areas) == sorted(np.unique(labels[labels > 0], return_counts=True)[1])
    assert (found.parents[1:] < np.arange(1, len(present))).all()


def test_an_empty_label_image_has_no_objects() -> None:
    found = arrangement(np.zeros((7, 9), np.uint16))

    assert found.size == (7, 9)
    assert len(found.areas) == len(found.gaps) == len(found.parents) == 0


@given(st.tuples(st.integers(1, 1400), st.integers(1, 1400)), st.integers(1, 400))
@settings(max_examples=40, deadline=None)
def test_windows_cover_every_pixel_once_and_are_no_longer_than_allowed(size: tuple[int, int], largest: int) -> None:
    parts = list(windows(size, largest))

    assert all(0 < part.stop - part.start <= largest for window in parts for part in window)
    assert sum((rows.stop - rows.start) * (columns.stop - columns.start) for rows, columns in parts) == np.prod(size)


def test_moments_of_a_slanted_line_and_a_square() -> None:
    labels = np.zeros((20, 20), np.int64)
    labels[np.arange(10), np.arange(10)] = 1
    labels[12:16, 12:16] = 2

    found = moments(labels, 2)

    assert found.centres.tolist() == [[4.5, 4.5], [13.5, 13.5]]
    assert found.angles[0] == pytest.approx(np.pi / 4)
    assert found.elongations[1] == pytest.approx(1)
    assert found.elongations[0] > 5
