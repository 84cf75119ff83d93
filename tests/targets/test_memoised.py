"""A memoised result is that of equal arguments, and of no others."""

import numpy as np
import pytest

from cellarena.targets.memoised import memoised


@pytest.fixture
def doubled():
    calls = []

    @memoised
    def double(array, number):
        calls.append(number)
        return array * number

    double.calls = calls
    return double


def test_equal_arguments_are_computed_once(doubled):
    first, again = (doubled(np.arange(3), 2.0) for _ in range(2))
    assert doubled.calls == [2.0]
    assert first is again
    assert first.tolist() == [0, 2, 4]


@pytest.mark.parametrize(
    ("array", "number"), [(np.arange(3), 3.0), (np.arange(4), 2.0), (np.arange(3, dtype=np.uint8), 2.0)]
)
def test_other_arguments_are_computed_anew(doubled, array, number):
    doubled(np.arange(3), 2.0)
    assert doubled(array, number).tolist() == (array * number).tolist()
    assert len(doubled.calls) == 2


def test_an_array_that_changes_afterwards_is_another_one(doubled):
    array = np.arange(3)
    doubled(array, 2.0)
    array[0] = 5
    assert doubled(array, 2.0).tolist() == [10, 2, 4]


def test_what_is_remembered_cannot_be_changed(doubled):
    with pytest.raises(ValueError, match="read-only"):
        doubled(np.arange(3), 2.0)[0] = 1
