"""Steps from what a network says to seeds of objects, which targets share."""

from typing import Any

import numpy as np
import numpy.typing as npt


def hilltops(height: npt.NDArray[np.floating[Any]], rise: float, inside: npt.NDArray[np.bool_]) -> npt.NDArray[Any]:
    """Return the numbered tops of the hills that rise by so much above the pass to a higher one (h-maxima)."""
    from scipy import ndimage
    from skimage.morphology import local_maxima, reconstruction

    # Lower hills drown in this; of the others a flat top is left, one piece for each.
    levelled = reconstruction(height - rise, height, method="dilation")
    tops: npt.NDArray[Any] = ndimage.label(local_maxima(levelled) & inside, np.ones((3, 3)))[0]
    return tops


def with_unseeded(seeds: npt.NDArray[Any], pieces: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the seeds, and every piece without one as a seed of its own."""
    seeded = np.zeros(int(pieces.max(initial=0)) + 1, bool)
    seeded[pieces[seeds > 0]] = True
    seeded[0] = True
    return np.where(seeded[pieces], seeds, seeds.max(initial=0) + pieces)
