"""Results that are asked for again and again: decoding settings are tried one by one on the same probabilities."""

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
