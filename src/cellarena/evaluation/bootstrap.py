"""Intervals by resampling: images for given trainings, and trainings and images together."""

import numpy as np

from cellarena.evaluation.trials import PairedTrials, Trials, Values
from cellarena.evaluation.uncertainty import Spread

Interval = tuple[float, float]
UNDEFINED: Interval = (float("nan"), float("nan"))


def images_interval(by_image: Values, confidence: float, resamples: int, rng: np.random.Generator) -> Interval:
    """Return the BCa bootstrap interval of a mean over images, for these very trainings.

    Efron, "Better bootstrap confidence intervals", JASA 1987, doi 10.1080/01621459.1987.10478410.

    Args:
        by_image: (n_images), finite.
        confidence: in (0, 1).
        resamples: number of bootstrap samples.
        rng: decides which images are drawn.

    Returns:
        Low and high, NaN with fewer than two images; both the value itself if all are equal.
    """
    from scipy.stats import bootstrap

    if by_image.size < 2:
        return UNDEFINED
    if np.ptp(by_image) == 0:
        return float(by_image[0]), float(by_image[0])
    found = bootstrap(
        (by_image,), np.mean, vectorized=True, confidence_level=confidence, n_resamples=resamples, method="BCa", rng=rng
    ).confidence_interval
    return float(found.low), float(found.high)


def crossed_means(trials: Trials, resamples: int, rng: np.random.Generator) -> Values:
    """Return means of a row in which seeds and images are both drawn with replacement.

    Args:
        trials: its images are defined with every seed.
        resamples: number of bootstrap samples.
        rng: decides what is drawn.

    Returns:
        (resamples) means.
    """
    return _means(trials, _drawn_images(trials.n_images, resamples, rng), rng)


def crossed_differences(pair: PairedTrials, resamples: int, rng: np.random.Generator) -> Values:
    """Return mean differences in which the images are drawn for both rows at once, the seeds for each row apart.

    Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 2007, doi 10.1214/07-AOAS122. One seed fewer is
    drawn than there are, which makes the variance of few seeds unbiased: Rao and Wu, "Resampling inference with
    complex survey data", JASA 1988, doi 10.1080/01621459.1988.10478591.

    Args:
        pair: the two rows.
        resamples: number of bootstrap samples.
        rng: decides what is drawn.

    Returns:
        (resamples) means of `a` minus `b`.
    """
    images = _drawn_images(pair.n_images, resamples, rng)
    return _means(pair.a, images, rng) - _means(pair.b, images, rng)


def crossed_interval(mean: float, spread: Spread | None, resampled: Values, confidence: float) -> Interval:
    """Return an interval of a mean for the models themselves: what other trainings on other images would give.

    The percentiles of the crossed bootstrap alone are too narrow with few seeds, of which there is little to draw;
    the t interval of the variance components alone knows no skewness. The interval holds both.

    Args:
        mean: as observed.
        spread: of the mean; None gives NaN.
        resampled: (resamples) means of the crossed bootstrap.
        confidence: in (0, 1).
    """
    if spread is None:
        return UNDEFINED
    tail = (1 - confidence) / 2
    low, high = np.quantile(resampled, [tail, 1 - tail])
    reach = spread.quantile(tail) * spread.standard_error
    return min(float(low), mean - reach), max(float(high), mean + reach)


def _drawn_images(n_images: int, resamples: int, rng: np.random.Generator) -> Values:
    """Return (resamples, n_images) weights: how often each image is drawn, as a share."""
    return rng.multinomial(n_images, np.full(n_images, 1 / n_images), size=resamples) / n_images


def _means(trials: Trials, images: Values, rng: np.random.Generator) -> Values:
    n_drawn = max(1, trials.n_seeds - 1)
    seeds = rng.multinomial(n_drawn, np.full(trials.n_seeds, 1 / trials.n_seeds), size=len(images)) / n_drawn
    return np.asarray(np.einsum("bs,bs->b", seeds, images @ trials.values.T), np.float64)
