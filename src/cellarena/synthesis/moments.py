"""Orientation and elongation of objects, by second moments of their pixels."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cellarena.images.io import LabelImage

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Moments:
    """Of n objects, in the order of their labels.

    Attributes:
        centres: (n, 2) row and column of the centre of mass.
        angles: (n,) of the long axis, in [-pi/2, pi/2]: 0 along the columns, positive towards later rows.
        elongations: (n,) length over width of the ellipse with the same moments, at least 1.
    """

    centres: Floats
    angles: Floats
    elongations: Floats


def moments(numbered: LabelImage, n: int) -> Moments:
    """Return the moments of the objects 1..n, each of a pixel at least.

    Args:
        numbered: (H, W) label image with the labels 1..n.
        n: number of objects.
    """
    rows, columns = np.nonzero(numbered)
    owner = numbered[rows, columns]
    area = np.bincount(owner, minlength=n + 1)[1:]

    def mean(values: npt.NDArray[np.generic]) -> Floats:
        return np.asarray(np.bincount(owner, weights=values, minlength=n + 1)[1:] / area)

    centres = np.stack([mean(rows), mean(columns)], axis=-1)
    down, right = rows - centres[owner - 1, 0], columns - centres[owner - 1, 1]
    # A pixel is a square of side 1, not a point: a line one pixel wide has a width.
    vertical, horizontal, mixed = mean(down**2) + 1 / 12, mean(right**2) + 1 / 12, mean(down * right)
    spread = np.hypot((horizontal - vertical) / 2, mixed)
    middle = (horizontal + vertical) / 2
    return Moments(
        centres=centres,
        angles=np.arctan2(2 * mixed, horizontal - vertical) / 2,
        elongations=np.sqrt((middle + spread) / np.maximum(middle - spread, 1 / 12)),
    )
