import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cellarena.images.labels import consecutive, inner_boundary, without_border_objects

LABELS = arrays(
    np.int64, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.sampled_from([0, 1, 2, 9, 10**7])
)


@given(LABELS)
def test_consecutive_keeps_every_object_and_its_order(labels):
    renumbered = consecutive(labels)
    values = np.unique(labels[labels > 0])
    np.testing.assert_array_equal(renumbered > 0, labels > 0)
    for number, value in enumerate(values, start=1):
        np.testing.assert_array_equal(renumbered == number, labels == value)


@given(LABELS, st.integers(1, 3))
def test_what_touches_the_frame_is_gone_and_nothing_else(labels, width):
    kept = without_border_objects(labels, width)
    inside = np.zeros(labels.shape, bool)
    inside[width : labels.shape[0] - width, width : labels.shape[1] - width] = True
    for value in np.unique(labels[labels > 0]):
        touches = (~inside & (labels == value)).any()
        assert (kept == value).any() != touches
    assert kept.dtype == labels.dtype


def test_the_boundary_of_two_touching_objects():
    labels = np.array([[0, 1, 1, 1, 2, 2, 2]] * 5)
    expected = np.array([[0, 1, 0, 1, 1, 0, 0]] * 5, bool)
    np.testing.assert_array_equal(inner_boundary(labels), expected)
