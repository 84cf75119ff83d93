"""Kernel inception distance: the squared maximum mean discrepancy of features under a cubic kernel."""

import numpy as np

from cellarena.evaluation.quality.estimates import Estimate, Values, undefined

DRAWS = 10
SUBSETS = 100
LARGEST_SUBSET = 100


def standardised(features: Values, reference: Values) -> Values:
    """Return features with the mean 0 and the deviation 1 that the reference's have in every dimension.

    Features of an encoder of one's own have no scale that a kernel could take for granted. A dimension that is
    constant in the reference becomes 0.

    Args:
        features: (..., d).
        reference: (n, d), n at least 1.
    """
    mean, deviation = reference.mean(axis=0), reference.std(axis=0)
    alive = deviation > 1e-6 * max(float(deviation.max(initial=0)), 1e-12)
    return np.asarray(np.where(alive, (features - mean) / np.where(alive, deviation, 1), 0))


def squared_discrepancy(a: Values, b: Values) -> Values:
    """Return the unbiased estimate of MMD^2 under the kernel (x.y / d + 1)^3; it may be negative.

    Binkowski et al., "Demystifying MMD GANs", ICLR 2018, arXiv:1801.01401.

    Args:
        a: (..., m, d) features, m at least 2.
        b: (..., n, d) features, n at least 2.

    Returns:
        (...).

    Raises:
        ValueError: if there are fewer than two of either.
    """
    m, n = a.shape[-2], b.shape[-2]
    if min(m, n) < 2:
        raise ValueError(f"MMD^2 needs two features of each set, got {m} and {n}")
    within_a, within_b, between = _kernel(a, a), _kernel(b, b), _kernel(a, b)
    own_a = (within_a.sum(axis=(-2, -1)) - np.trace(within_a, axis1=-2, axis2=-1)) / (m * (m - 1))
    own_b = (within_b.sum(axis=(-2, -1)) - np.trace(within_b, axis1=-2, axis2=-1)) / (n * (n - 1))
    return np.asarray(own_a + own_b - 2 * between.mean(axis=(-2, -1)))


def kernel_distance(a: Values, b: Values, rng: np.random.Generator) -> Estimate:
    """Return the unbiased MMD^2 of two sets of images, and its deviation over random subsets of them.

    Of an image one crop at a time takes part: two crops of one image are alike, which would pass for a difference
    between the sets. The value is the mean over draws of a crop of every image, and so what the mean over all subsets
    tends to. A subset holds half of the smaller set, at most 100 images; its deviation says how much the images that
    happen to be there matter.

    Args:
        a: (n_images, n_crops, d) features, NaN where an image has fewer crops.
        b: the same of the images that they are compared with.
        rng: draws images and crops.

    Returns:
        NaN if either set has fewer than two images.
    """
    smaller = min(len(a), len(b))
    if smaller < 2:
        return undefined(len(a), len(b))
    size = max(2, min(LARGEST_SUBSET, smaller // 2))
    whole = [squared_discrepancy(one_crop(a, len(a), rng), one_crop(b, len(b), rng)) for _ in range(DRAWS)]
    parts = [squared_discrepancy(one_crop(a, size, rng), one_crop(b, size, rng)) for _ in range(SUBSETS)]
    return Estimate(float(np.mean(whole)), float(np.std(parts, ddof=1)), len(a), len(b))


def one_crop(features: Values, size: int, rng: np.random.Generator) -> Values:
    """Return (size, d) features of one random crop of each of so many different random images."""
    chosen = features[rng.permutation(len(features))[:size]]
    n_crops = (~np.isnan(chosen[..., 0])).sum(axis=1)
    return np.asarray(chosen[np.arange(size), rng.integers(n_crops)])


def _kernel(a: Values, b: Values) -> Values:
    return np.asarray((a @ np.swapaxes(b, -2, -1) / a.shape[-1] + 1) ** 3)
