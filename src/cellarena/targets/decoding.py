"""Steps of decoding that targets share. Settings are tried one by one on the same probabilities: some are memoised."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def memoised(function: Callable[[Array, float], Array]) -> Callable[[Array, float], Array]:
    """Decorate a pure function of an array and a number, so that its last result is given for equal arguments.

    The result is read-only, as several callers may hold it.
    """
    last: list[tuple[Array, float, Array]] = []

    @wraps(function)
    def recalled(array: Array, number: float) -> Array:
        for known, known_number, result in last:
            if known_number == number and known.dtype == array.dtype and np.array_equal(known, array):
                return result
        result = function(array, number)
        result.flags.writeable = False
        last[:] = [(array.copy(), number, result)]
        return result

    return recalled


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
