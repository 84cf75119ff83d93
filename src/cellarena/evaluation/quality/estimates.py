"""A measured number with how far it may be off, and how many images it rests on."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """One number.

    Attributes:
        value: NaN where it is undefined.
        sd: its standard deviation as the measure's function says; NaN where it cannot be told.
        n: images that were judged.
        n_reference: images that they were compared with; 0 for a measure that compares with none.
    """

    value: float
    sd: float
    n: int
    n_reference: int = 0


def undefined(n: int, n_reference: int = 0) -> Estimate:
    """Return the estimate of what so few images cannot tell."""
    return Estimate(float("nan"), float("nan"), n, n_reference)


def mean_of_images(values: Values, n_reference: int = 0) -> Estimate:
    """Return the mean of one number an image, NaN left out, and its standard error.

    Args:
        values: (n_images).
        n_reference: images that each number was found by comparing with.
    """
    known = values[~np.isnan(values)]
    if not known.size:
        return undefined(0, n_reference)
    error = float(known.std(ddof=1) / np.sqrt(known.size)) if known.size > 1 else float("nan")
    return Estimate(float(known.mean()), error, known.size, n_reference)


def drawn_weights(n: int, resamples: int, rng: np.random.Generator) -> Values:
    """Return how often each of n images is drawn in each bootstrap sample of n, (resamples, n)."""
    return rng.multinomial(n, np.full(n, 1 / n), size=resamples).astype(np.float64)
