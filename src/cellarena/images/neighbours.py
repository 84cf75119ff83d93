"""Which objects of a label image are neighbours, and how near one another they are."""

import numpy as np
import numpy.typing as npt

from cellarena.images.io import LabelImage

Steps = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]

# Half of the 8-neighbourhood: the other half sees the same pairs.
_NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))


def contacts(labels: LabelImage) -> Steps:
    """Return the labels on both sides of every step, diagonal ones too, from one object's pixel to another's.

    Two (n_steps,) arrays: a pair of objects is there as often as pixels of theirs are neighbours.
    """
    height, width = labels.shape
    found = [(np.zeros(0, np.int64), np.zeros(0, np.int64))]
    for dy, dx in _NEIGHBOURS:
        here = labels[: height - dy, max(0, -dx) : width - max(0, dx)]
        there = labels[dy:, max(0, dx) : width + min(0, dx)]
        meeting = (here != there) & (here > 0) & (there > 0)
        found.append((here[meeting].astype(np.int64), there[meeting].astype(np.int64)))
    one, other = zip(*found, strict=True)
    return np.concatenate(one), np.concatenate(other)


def zone_steps(
    nearest: npt.NDArray[np.int64], place: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return every step over the border of two zones; the zone of an object is the pixels that are nearest to it.

    The zones of two nearest neighbours always meet: a third object between them would be nearer.

    Args:
        nearest: (H, W) label of the object nearest to each pixel.
        place: (2, H, W) row and column of the nearest pixel of that object.

    Returns:
        The labels of both objects and the distance between those nearest pixels of theirs (px between centres).
    """
    found = []
    for axis in (0, 1):
        zones, places = np.moveaxis(nearest, axis, 0), np.moveaxis(place, axis + 1, 1)
        a, b = zones[1:], zones[:-1]
        meet = a != b
        step = places[:, 1:][:, meet].astype(float) - places[:, :-1][:, meet]
        found.append((a[meet], b[meet], np.hypot(*step)))
    a, b, distance = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return a, b, distance
