import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cellarena.reporting.figures.outlines import object_outlines


def test_a_square_is_outlined_just_inside_its_edge() -> None:
    labels = np.zeros((6, 6), np.uint16)
    labels[1:4, 2:5] = 7
    (curve,) = object_outlines(labels)[7]
    assert np.allclose(curve[0], curve[-1])
    assert np.allclose(curve.min(axis=0), [1.7, 0.7])
    assert np.allclose(curve.max(axis=0), [4.3, 3.3])


def test_touching_objects_have_outlines_of_their_own() -> None:
    labels = np.zeros((4, 6), np.int64)
    labels[1:3, 1:3], labels[1:3, 3:5] = 1, 9
    outlines = object_outlines(labels)
    assert set(outlines) == {1, 9}
    assert outlines[1][0][:, 0].max() < 2.5 < outlines[9][0][:, 0].min()


def test_an_object_at_the_frame_is_closed_along_it() -> None:
    (curve,) = object_outlines(np.ones((3, 3), np.uint8))[1]
    assert np.allclose(curve[0], curve[-1])


def test_no_object_has_no_outline() -> None:
    assert object_outlines(np.zeros((5, 5), np.uint8)) == {}


@settings(max_examples=30, deadline=None)
@given(arrays(np.uint16, (7, 9), elements=st.integers(0, 4)))
def test_every_object_has_closed_outlines_within_its_own_extent(labels: np.ndarray) -> None:
    outlines = object_outlines(labels)
    assert set(outlines) == set(np.unique(labels).tolist()) - {0}
    for label, curves in outlines.items():
        rows, columns = np.nonzero(labels == label)
        for curve in curves:
            assert np.allclose(curve[0], curve[-1])
            assert curve[:, 0].min() > columns.min() - 0.5
            assert curve[:, 1].max() < rows.max() + 0.5
