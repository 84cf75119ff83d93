"""How far two rows differ on the same images: effect sizes and the signed-rank test."""

import numpy as np

from cellarena.evaluation.trials import Trials, Values


def cliffs_delta(difference: Values) -> float:
    """Return the share of images on which the first is better minus that on which it is worse, in [-1, 1].

    The paired form of Cliff, "Dominance statistics", Psychological Bulletin 1993, doi 10.1037/0033-2909.114.3.494.

    Args:
        difference: (n_images), finite; NaN is returned for none.
    """
    return float(np.sign(difference).mean()) if difference.size else float("nan")


def standardised_difference(difference: Values) -> float:
    """Return Cohen's d_z: the mean difference in standard deviations of the differences.

    Args:
        difference: (n_images), finite; NaN is returned if they do not vary.
    """
    spread = float(difference.std(ddof=1)) if difference.size > 1 else 0.0
    return float(difference.mean()) / spread if spread > 0 else float("nan")


def signed_rank_p(difference: Values) -> float:
    """Return the two-sided p of Wilcoxon's signed-rank test, ties with zero treated as Pratt does.

    It is twice the one-sided p in the direction of the mean difference, so that a shift of the ranks against the mean
    never speaks for it. Pratt, "Remarks on zeros and ties in the Wilcoxon signed rank procedures", JASA 1959,
    doi 10.1080/01621459.1959.10501526.

    Args:
        difference: (n_images), finite; NaN is returned for none.
    """
    from scipy.stats import wilcoxon

    if not difference.size:
        return float("nan")
    mean = float(difference.mean())
    if mean == 0:
        return 1.0
    found = wilcoxon(difference, zero_method="pratt", alternative="greater" if mean > 0 else "less")
    return min(1.0, 2 * float(found.pvalue))


def noise_floor(trials: Trials) -> float:
    """Return how far the means of two trainings that differ in nothing but the seed are apart on average.

    Returns:
        The mean absolute difference over all pairs of seeds; NaN with fewer than two seeds or no defined image, and 0
        for a method without training.
    """
    if not trials.learned:
        return 0.0
    means = trials.by_seed
    if means.size < 2:
        return float("nan")
    apart = np.abs(means[:, None] - means[None, :])
    return float(apart.sum() / (means.size * (means.size - 1)))


def holm(p_values: Values) -> Values:
    """Return p-values adjusted for a family of tests by Holm's step-down method.

    An undefined one stays undefined, yet counts as a member of the family. Holm, "A simple sequentially rejective
    multiple test procedure", Scandinavian Journal of Statistics 1979.

    Args:
        p_values: (n_tests) in [0, 1] or NaN.
    """
    n = p_values.size
    # statsmodels' multipletests does the same, after half a second of collecting garbage.
    order = np.argsort(p_values, kind="stable")
    counted = np.where(np.isnan(p_values), 1.0, p_values)[order]
    adjusted = np.empty(n)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(counted * np.arange(n, 0, -1)))
    return np.where(np.isnan(p_values), np.nan, adjusted)
