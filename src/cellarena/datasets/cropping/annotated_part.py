"""The largest part of an image that was annotated whole: what generators and their judges see of it."""

import math

import numpy as np
import numpy.typing as npt

_FINEST = 256
"""An image is searched in squares of so many a side at most, so that the time hardly grows with it."""

Window = tuple[slice, slice]


def annotated_window(ignored: npt.NDArray[np.bool_]) -> Window:
    """Return the rows and columns of a large rectangle without a pixel where (H, W) `ignored` is true.

    It is the largest one in images of up to 256 pixels a side, else the largest made of squares of a 256th of the side.

    Raises:
        ValueError: if there is no such square.
    """
    side = math.ceil(max(ignored.shape) / _FINEST)
    # Squares at the lower and right edge may be smaller.
    rows, columns = (np.arange(0, n, side) for n in ignored.shape)
    in_squares = np.logical_or.reduceat(np.logical_or.reduceat(ignored, rows, axis=0), columns, axis=1)
    top, bottom, left, right = _largest(~in_squares)
    if top == bottom:
        raise ValueError("no part of it was annotated whole")
    height, width = ignored.shape
    return slice(top * side, min(bottom * side, height)), slice(left * side, min(right * side, width))


def _largest(free: npt.NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Return top, bottom, left and right of the largest rectangle of true values; all 0 if there is none.

    Row by row each column's height of true values above it is a histogram, whose largest rectangle a stack finds.
    """
    best, found = 0, (0, 0, 0, 0)
    heights = np.zeros(free.shape[1], np.int64)
    for row, values in enumerate(free):
        heights = np.where(values, heights + 1, 0)
        open_: list[tuple[int, int]] = []
        for column, height in enumerate([*heights.tolist(), 0]):
            start = column
            while open_ and open_[-1][1] >= height:
                start, tall = open_.pop()
                if tall * (column - start) > best:
                    best, found = tall * (column - start), (row + 1 - tall, row + 1, start, column)
            open_.append((start, height))
    return found
