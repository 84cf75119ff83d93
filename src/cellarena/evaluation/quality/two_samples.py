"""Can a nearest neighbour tell two sets of images apart?"""

import numpy as np

from cellarena.evaluation.quality.estimates import Estimate, Values, undefined
from cellarena.evaluation.quality.kernel_distance import one_crop

DRAWS = 25


def nearest_neighbour_accuracy(a: Values, b: Values) -> float:
    """Return for how many of all features the nearest other one is of the same set: 0.5 where the sets are alike.

    Leave-one-out, after Lopez-Paz and Oquab, "Revisiting classifier two-sample tests", ICLR 2017, arXiv:1610.06545.
    A neighbour in the other set that is exactly as near counts as one half.

    Args:
        a: (n, d) features.
        b: (n, d) features.

    Raises:
        ValueError: if the sets differ in size, or hold fewer than two features each.
    """
    if len(a) != len(b) or len(a) < 2:
        raise ValueError(f"two sets of one size, at least 2, are needed; got {len(a)} and {len(b)}")
    both = np.concatenate([a, b])
    squares = (both**2).sum(axis=1)
    distance = squares[:, None] + squares - 2 * both @ both.T
    np.fill_diagonal(distance, np.inf)
    first = np.arange(len(both)) < len(a)
    same = first[:, None] == first
    own, other = (np.where(chosen, distance, np.inf).min(axis=1) for chosen in (same, ~same))
    # Equal vectors differ by rounding alone.
    tie = np.abs(own - other) <= 1e-9 * np.maximum(squares, 1)
    return float(np.mean(np.where(tie, 0.5, own < other)))


def two_sample_accuracy(a: Values, b: Values, rng: np.random.Generator) -> Estimate:
    """Return the mean `nearest_neighbour_accuracy` of random balanced sets, one crop an image.

    Args:
        a: (n_images, n_crops, d) features, NaN where an image has fewer crops.
        b: the same of the images that they are compared with.
        rng: draws images and crops.

    Returns:
        With the standard deviation that the accuracy of so many independent answers has; NaN if either set has fewer
        than two images.
    """
    n = min(len(a), len(b))
    if n < 2:
        return undefined(len(a), len(b))
    found = [nearest_neighbour_accuracy(one_crop(a, n, rng), one_crop(b, n, rng)) for _ in range(DRAWS)]
    accuracy = float(np.mean(found))
    return Estimate(accuracy, float(np.sqrt(accuracy * (1 - accuracy) / (2 * n))), len(a), len(b))
