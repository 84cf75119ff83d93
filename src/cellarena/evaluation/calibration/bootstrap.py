"""Intervals by drawing images anew: pixels of one image are not independent, images are."""

import warnings
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from cellarena.evaluation.comparing import Comparing

Values = npt.NDArray[np.float64]

# Values that are held at once: 64 MB.
_AT_ONCE = 8_000_000


def image_intervals(
    statistic: Callable[[Values], Values], n_images: int, size: int, settings: Comparing, rng: np.random.Generator
) -> tuple[Values, Values]:
    """Return BCa bootstrap intervals of several statistics over images (Efron, JASA 1987).

    Args:
        statistic: takes (r, n_images) how often each image counts and returns (n_statistics, r).
        n_images: number of images.
        size: numbers that `statistic` holds for one of the r rows; the more, the fewer rows at once.
        settings: confidence and resamples.
        rng: of the resampling.

    Returns:
        Lower and upper ends, both (n_statistics,): NaN where fewer than two images leave nothing to draw, or where
        the statistic is undefined in a resample; both the value itself where no resample changes it.
    """
    from scipy.stats import bootstrap

    whole = statistic(np.ones((1, n_images)))[:, 0]
    if n_images < 2:
        return np.full_like(whole, np.nan), np.full_like(whole, np.nan)

    def drawn(images: npt.NDArray[np.int64], axis: int) -> Values:  # noqa: ARG001 - always the last
        values = statistic(_weights(images, n_images))
        return values if images.ndim > 1 else values[:, 0]

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # of constant statistics, which are dealt with below
        found = bootstrap(
            (np.arange(n_images),), drawn, vectorized=True, n_resamples=settings.resamples, method="BCa", rng=rng,
            batch=max(1, _AT_ONCE // max(size, n_images)), confidence_level=settings.confidence,
        )  # fmt: skip
    spread = np.ptp(found.bootstrap_distribution, axis=-1)
    ends = found.confidence_interval
    same = spread <= 1e-12 * np.maximum(1, np.abs(whole))
    return np.where(same, whole, ends.low), np.where(same, whole, ends.high)


def _weights(drawn: npt.NDArray[np.int64], n_images: int) -> Values:
    """Return how often each image was drawn: (r, n_images) from (r, n) or (n,) indices."""
    rows = np.atleast_2d(drawn)
    places = rows + np.arange(len(rows))[:, None] * n_images
    return np.bincount(places.ravel(), minlength=len(rows) * n_images).reshape(len(rows), n_images).astype(float)
