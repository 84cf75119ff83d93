"""How far two distributions lie apart: the largest difference of their distribution functions."""

import numpy as np
import numpy.typing as npt

from cellarena.evaluation.quality.estimates import Estimate, Values, drawn_weights, undefined

RESAMPLES = 100


def histogram_distance(a: Values, b: Values, rng: np.random.Generator) -> Estimate:
    """Return the Kolmogorov-Smirnov distance of two sets of histograms, in which every image counts the same.

    Args:
        a: (n_images, n_channels, n_levels) shares of an image's pixels, rows of NaN where it has none.
        b: the same of the images that they are compared with.
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
    drawn = [np.tensordot(drawn_weights(len(s), RESAMPLES, rng) / len(s), s, axes=1) for s in cumulated]
    return Estimate(value, float(_gap(*drawn).std(ddof=1)), len(a), len(b))


def _gap(a: Values, b: Values) -> Values:
    return np.asarray(np.abs(a - b).max(axis=-1).mean(axis=-1))


def value_distance(a: list[Values], b: list[Values], rng: np.random.Generator) -> Estimate:
    """Return the Kolmogorov-Smirnov distance of the values of two sets of images, pooled.

    Args:
        a: values of each image, NaN left out; an image may have none.
        b: the same of the images that they are compared with.
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
    drawn = _largest_gap(a, b, drawn_weights(len(a), RESAMPLES, rng), drawn_weights(len(b), RESAMPLES, rng))
    return Estimate(value, float(drawn.std(ddof=1)), len(a), len(b))


def _largest_gap(a: list[Values], b: list[Values], weights_a: Values, weights_b: Values) -> Values:
    """Return the largest difference of both distribution functions under (resamples, n_images) weights of images."""
    levels, place = np.unique(np.concatenate([*a, *b]), return_inverse=True)
    owner_a, owner_b = (np.repeat(np.arange(len(some)), [image.size for image in some]) for some in (a, b))
    place_a, place_b = place[: owner_a.size], place[owner_a.size :]
    gaps = [
        np.abs(_cumulated(place_a, one[owner_a], levels.size) - _cumulated(place_b, other[owner_b], levels.size)).max()
        for one, other in zip(weights_a, weights_b, strict=True)
    ]
    return np.asarray(gaps)


def _cumulated(place: npt.NDArray[np.intp], weights: Values, n_levels: int) -> Values:
    return np.asarray(np.cumsum(np.bincount(place, weights=weights, minlength=n_levels)) / weights.sum())
