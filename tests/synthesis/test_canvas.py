import numpy as np
import pytest

from cellarena.synthesis.canvas import Canvas, joined, piece

SQUARE = np.ones((6, 6), bool)


def corner(row: int, column: int) -> np.ndarray:
    return np.array([row, column])


@pytest.fixture
def canvas() -> Canvas:
    """A frame of 40 x 40 with a margin of 10, and a square of 6 x 6 at rows and columns 17 to 22 of the frame."""
    made = Canvas((40, 40), 10)
    made.put(SQUARE, corner(27, 27), alone=False)
    return made


def test_nothing_touches_an_object_that_is_alone() -> None:
    canvas = Canvas((40, 40), 10)
    canvas.put(SQUARE, corner(27, 27), alone=True)

    assert canvas.shown(piece(SQUARE), corner(27, 33), touches=True) is None
    assert canvas.shown(piece(SQUARE), corner(33, 33), touches=True) is None
    assert canvas.shown(piece(SQUARE), corner(27, 34), touches=False) is not None
    assert len(canvas.touching(piece(SQUARE), 0, 6, np.random.default_rng(0)).corners) == 0


def test_a_piece_is_shown_only_where_it_touches_as_intended(canvas: Canvas) -> None:
    assert canvas.shown(piece(SQUARE), corner(27, 33), touches=True) is not None
    assert canvas.shown(piece(SQUARE), corner(27, 33), touches=False) is None
    assert canvas.shown(piece(SQUARE), corner(27, 34), touches=True) is None
    assert canvas.shown(piece(SQUARE), corner(27, 34), touches=False) is not None


def test_those_before_hide_a_quarter_at_most(canvas: Canvas) -> None:
    left = canvas.shown(piece(SQUARE), corner(27, 32), touches=True)

    assert left is not None
    assert left.sum() == 30
    assert canvas.shown(piece(SQUARE), corner(27, 31), touches=True) is None


def test_places_beside_an_object_have_the_gap(canvas: Canvas) -> None:
    spots = canvas.beside(piece(SQUARE), 0, 5.0, np.random.default_rng(0))

    assert len(spots.gaps) == 18
    assert ((spots.gaps > 4.9) & (spots.gaps < 6.5)).all()


def test_places_in_touch_have_about_the_contact(canvas: Canvas) -> None:
    spots = canvas.touching(piece(SQUARE), 0, 5.0, np.random.default_rng(0))
    labels = [canvas.shown(piece(SQUARE), place, touches=True) for place in spots.corners]

    assert len(labels) == 18
    assert sum(left is not None for left in labels) > 9


def test_the_frame_shows_and_cuts_what_lies_over_its_edge(canvas: Canvas) -> None:
    corners = np.array([[7, 20], [12, 20], [11, 20], [44, 44], [0, 0]])

    spots = canvas.spots(piece(SQUARE), corners, np.zeros(5))

    assert spots.corners.tolist() == corners[:4].tolist()
    assert spots.visible.tolist() == [18, 36, 36, 36]
    assert spots.cut.tolist() == [True, False, True, True]
    assert spots.cells[0].tolist() == [0, 1]
    assert joined([spots, spots]).visible.tolist() == spots.visible.tolist() * 2


def test_an_object_that_the_frame_cuts_in_two_keeps_its_larger_piece() -> None:
    canvas = Canvas((40, 40), 10)
    horseshoe = np.ones((6, 9), bool)
    horseshoe[3:, 4:6] = False
    canvas.put(horseshoe, corner(7, 20), alone=True)

    labels = canvas.finished()

    assert labels.dtype == np.int32
    assert np.argwhere(labels == 1).tolist() == [[row, column] for row in range(3) for column in range(10, 14)]


def test_objects_out_of_sight_leave_no_gap_in_the_labels(canvas: Canvas) -> None:
    canvas.put(SQUARE, corner(2, 2), alone=False)
    canvas.put(SQUARE, corner(40, 40), alone=False)

    assert np.unique(canvas.finished()).tolist() == [0, 1, 2]
