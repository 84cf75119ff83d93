"""How far two distributions lie apart: the largest difference of their distribution functions."""

import numpy as np
import numpy.typing as npt

from cellarena.evaluation.quality.estimates import Estimate, Values, drawn_weights, undefined

_AT_ONCE = 4_000_000
"""Values that are held at once: 32 MB."""


def histogram_distance(a: Values, b: Values, resamples: int, rng: np.random.Generator) -> Estimate:
    """Return the Kolmogorov-Smirnov distance of two sets of histograms, in which every image counts the same.

    Args:
        a: (n_images, n_channels, n_levels) shares of an image's pixels, rows of NaN where it has none.
        b: the same of the images that they are compared with.
        resamples: bootstrap samples.
        rng: draws images.

    Returns:
        The mean over the channels, in [0, 1], with the deviation over bootstrap samples of the images; NaN without
        images on either side.
    """
    a, b = (some[~np.isnan(some).any(axis=(1, 2))] for some in (a, b))
    if not len(a) or not len(b):
        return undefined(len(a), len(b))
    cumulated = [np.cumsum(some, axis=2) for some in (a, b)]
    value = float(_gap(*(some.mean(axis=0) for some in cumulated)))
    if min(len(a), len(b)) < 2:
        return Estimate(value, float("nan"), len(a), len(b))
    drawn = [np.tensordot(drawn_weights(len(s), resamples, rng) / len(s), s, axes=1) for s in cumulated]
    return Estimate(value, float(_gap(*drawn).std(ddof=1)), len(a), len(b))


def _gap(a: Values, b: Values) -> Values:
    return np.asarray(np.abs(a - b).max(axis=-1).mean(axis=-1))


def value_distance(a: list[Values], b: list[Values], resamples: int, rng: np.random.Generator) -> Estimate:
    """Return the Kolmogorov-Smirnov distance of the values of two sets of images, pooled.

    Args:
        a: values of each image, NaN left out; an image may have none.
        b: the same of the images that they are compared with.
        resamples: bootstrap samples.
        rng: draws images.

    Returns:
        In [0, 1], with the deviation over bootstrap samples of the images; `n` counts images with a value. NaN
        without a value on either side.
    """
    a, b = ([kept for image in some if (kept := image[~np.isnan(image)]).size] for some in (a, b))
    if not a or not b:
        return undefined(len(a), len(b))
    value = float(_largest_gap(a, b, np.ones((1, len(a))), np.ones((1, len(b))))[0])
    if min(len(a), len(b)) < 2:
        return Estimate(value, float("nan"), len(a), len(b))
    drawn = _largest_gap(a, b, drawn_weights(len(a), resamples, rng), drawn_weights(len(b), resamples, rng))
    return Estimate(value, float(drawn.std(ddof=1)), len(a), len(b))


def _largest_gap(a: list[Values], b: list[Values], weights_a: Values, weights_b: Values) -> Values:
    """Return the largest difference of both distribution functions under (resamples, n_images) weights of images."""
    levels = np.unique(np.concatenate([*a, *b]))
    below_a, below_b = ([np.searchsorted(np.sort(image), levels, "right") for image in some] for some in (a, b))
    rows = max(1, _AT_ONCE // levels.size)
    parts = range(0, len(weights_a), rows)
    gaps = [_shares(below_a, weights_a[k : k + rows]) - _shares(below_b, weights_b[k : k + rows]) for k in parts]
    return np.concatenate([np.abs(gap).max(axis=1) for gap in gaps])


def _shares(below: list[npt.NDArray[np.intp]], weights: Values) -> Values:
    """Return the (resamples, n_levels) share of the values that are at most a level."""
    drawn = weights @ np.array(below, np.float64)
    return np.asarray(drawn / drawn[:, -1:])
