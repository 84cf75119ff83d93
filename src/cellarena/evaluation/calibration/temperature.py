"""Temperature scaling: the one number that makes probabilities as sure as they are right on held-out images."""

import numpy as np

from cellarena.evaluation.calibration.pixel_counts import PixelCounts, scaled_log_probabilities

LOWEST, HIGHEST = 0.05, 20.0


def nll_at(counted: PixelCounts, temperature: float) -> float:
    """Return the mean negative log likelihood at a temperature, in nats; NaN without pixels."""
    if not counted.counts.any():
        return np.nan
    logarithms = scaled_log_probabilities(counted.log_probabilities, temperature)
    return float(-(counted.counts * logarithms).sum() / counted.counts.sum())


def fitted_temperature(counted: PixelCounts) -> float:
    """Return the temperature between 0.05 and 20 of the least negative log likelihood; NaN without pixels.

    All pixels count once, so that classes have the share that they have in images. Above 1 the network was too sure.
    Of an ensemble the mean probabilities are scaled. (Guo et al., ICML 2017.)
    """
    from scipy.optimize import minimize_scalar

    if not counted.counts.any():
        return np.nan
    found = minimize_scalar(
        lambda logarithm: nll_at(counted, float(np.exp(logarithm))),
        bounds=(np.log(LOWEST), np.log(HIGHEST)),
        method="bounded",
        options={"xatol": 1e-6},
    )
    return float(np.exp(found.x))
