"""The rectangle that is left of an image whose other parts nobody annotated."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp

from cellarena.datasets.cropping.annotated_part import annotated_window


def best_area(ignored: np.ndarray) -> int:
    height, width = ignored.shape
    areas = (
        (bottom - top) * (right - left)
        for top in range(height)
        for bottom in range(top + 1, height + 1)
        for left in range(width)
        for right in range(left + 1, width + 1)
        if not ignored[top:bottom, left:right].any()
    )
    return max(areas, default=0)


@given(hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=6)))
def test_it_is_the_largest_without_a_pixel_that_nobody_annotated(ignored: np.ndarray) -> None:
    if ignored.all():
        with pytest.raises(ValueError, match="no part of it was annotated whole"):
            annotated_window(ignored)
        return
    window = annotated_window(ignored)
    assert not ignored[window].any()
    assert ignored[window].size == best_area(ignored)


def test_a_large_image_is_searched_in_squares() -> None:
    ignored = np.zeros((1001, 2003), bool)
    ignored[:, 1500:] = True
    ignored[0, 0] = True
    window = annotated_window(ignored)
    assert not ignored[window].any()
    assert ignored[window].size > 0.98 * 1001 * 1500
