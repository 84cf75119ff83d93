"""All rows at once, by their ranks on each image: Friedman's test and Nemenyi's critical difference."""

import math
from collections.abc import Sequence
from string import ascii_letters

import numpy as np
import pandas as pd

from cellarena.evaluation.trials import DIGITS, Trials, Values
from cellarena.tables import ROW, integers, numbers, schema, texts

RANKS = schema(
    "ranks", "The rows by their mean rank over images, best first; empty where nothing tells them apart",
    ROW,
    numbers("mean_rank", "over images, 1 being best"),
    texts("group", "letters; rows that share one are not told apart"),
    integers("n_images", "where every row has a value"),
    integers("n_seeds", "trainings"),
    numbers("critical_difference?", "of two mean ranks, by Nemenyi's test"),
    numbers("friedman_chi2?, friedman_p?", "of all rows together"),
    numbers("kendall_w?", "agreement of the images about the rows, in [0, 1]"),
)  # fmt: skip


def rank_table(trials: Sequence[Trials], confidence: float) -> pd.DataFrame:
    """Return the rows by mean rank over images, 1 being best; rows that share a letter are not told apart.

    Ranks are those of the means over seeds, ties at their mean rank: they say how these trainings compare on other
    images and know nothing of the spread between trainings. If Friedman's test finds no difference at all, all rows
    are one group. Demšar, "Statistical comparisons of classifiers over multiple data sets", JMLR 7, 2006.

    Args:
        trials: the rows, on the same images; images that lack a value of any row do not count.
        confidence: of the critical difference, in (0, 1).

    Returns:
        The columns of RANKS, best first; the last four are of all rows together. Friedman's test needs three rows and
        an image on which they differ: else those four are NaN and no rows are told apart.

    Raises:
        ValueError: if the rows are on different images.
    """
    if len({row.images for row in trials}) > 1:
        raise ValueError("the rows are on different images: only the same images can be ranked")
    values = np.array([row.by_image for row in trials]).round(DIGITS)
    values = values[:, np.isfinite(values).all(axis=0)]
    ranks = _mean_ranks(values)
    difference, chi2, p, w = _friedman(values, confidence)
    order = sorted(range(len(trials)), key=lambda k: (ranks[k], trials[k].row))
    told_apart = difference if p < 1 - confidence else math.inf
    groups = _letters([ranks[k] for k in order], told_apart)
    lines = [
        (trials[k].row, ranks[k], group, values.shape[1], trials[k].n_seeds, difference, chi2, p, w)
        for k, group in zip(order, groups, strict=True)
    ]
    return pd.DataFrame(lines, columns=RANKS.names)


def critical_difference(n_rows: int, n_images: int, confidence: float) -> float:
    """Return by how much the mean ranks of two rows must differ (Nemenyi); at least 2 rows on at least 1 image."""
    from scipy.stats import studentized_range

    quantile = float(studentized_range.ppf(confidence, n_rows, np.inf)) / math.sqrt(2)
    return quantile * math.sqrt(n_rows * (n_rows + 1) / (6 * n_images))


def _mean_ranks(values: Values) -> list[float]:
    from scipy.stats import rankdata

    if not values.shape[1]:
        return [float("nan")] * values.shape[0]
    return [float(rank) for rank in rankdata(-values, axis=0).mean(axis=1)]


def _friedman(values: Values, confidence: float) -> tuple[float, float, float, float]:
    """Return critical difference, chi2, p and Kendall's W."""
    from scipy.stats import friedmanchisquare

    n_rows, n_images = values.shape
    if n_rows < 3 or not n_images or not np.ptp(values, axis=0).any():
        return (float("nan"),) * 4
    found = friedmanchisquare(*values)
    chi2 = float(found.statistic)
    return critical_difference(n_rows, n_images, confidence), chi2, float(found.pvalue), chi2 / n_images / (n_rows - 1)


def _letters(ranks: Sequence[float], difference: float) -> list[str]:
    """Return each row's letters: one for each longest stretch of rows whose ranks lie within the difference."""
    found = [""] * len(ranks)
    reached = -1
    n_groups = 0
    for first in range(len(ranks)):
        last = max(k for k in range(first, len(ranks)) if not ranks[k] - ranks[first] > difference)
        if last > reached:
            letter = ascii_letters[n_groups] if n_groups < len(ascii_letters) else f"({n_groups})"
            reached, n_groups = last, n_groups + 1
            for k in range(first, last + 1):
                found[k] += letter
    return found
