"""How sure a mean over seeds and images is: variance components, and a t that few seeds make wide."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtrit

from cellarena.evaluation.trials import PairedTrials, Trials, Values

SMALLEST_TAIL = 1e-30
"""Nothing is claimed to be less likely; quantiles of t fail numerically at much smaller ones."""


@dataclass(frozen=True)
class Spread:
    """The variance of a mean over trainings and images, in two parts with their degrees of freedom.

    Attributes:
        of_rows: part that more trainings lessen, of each row that is trained; none if only these trainings are meant.
        of_rows_df: degrees of freedom of their estimates: one less than the row has seeds.
        images: part that only more images lessen.
        images_df: degrees of freedom of its estimate.
        shared: share of `seeds` in [0, 1] that more images lessen too.
    """

    of_rows: tuple[float, ...]
    of_rows_df: tuple[float, ...]
    images: float
    images_df: float
    shared: float = 0.0

    @property
    def seeds(self) -> float:
        """Part that more trainings lessen, of all rows together."""
        return sum(self.of_rows)

    @property
    def seeds_df(self) -> float:
        """Degrees of freedom of `seeds`, infinite without any: Welch, Biometrika 1947, doi 10.1093/biomet/34.1-2.28."""
        parts = sum(part**2 / df for part, df in zip(self.of_rows, self.of_rows_df, strict=True))
        return self.seeds**2 / parts if parts > 0 else float("inf")

    @property
    def standard_error(self) -> float:
        """Of the mean."""
        return float(np.sqrt(self.seeds + self.images))

    def quantile(self, tail: float) -> float:
        """Return the t beyond which lies at most `tail` in (0, 0.5) of what chance does, on one side.

        The t quantiles of the two parts, weighted by their variances: Cochran and Cox, "Experimental designs", 1957,
        section 4.14. With two or three seeds the degrees of freedom of Satterthwaite find differences too often.
        """
        whole = self.seeds + self.images
        share = self.seeds / whole if whole > 0 else 0.0
        of_seeds = share * t_beyond(tail, self.seeds_df) if share > 0 else 0.0
        return of_seeds + (1 - share) * t_beyond(tail, self.images_df)

    def tail(self, statistic: float) -> float:
        """Return the `tail` whose quantile is |statistic|, between SMALLEST_TAIL and 0.5."""
        from scipy.optimize import brentq

        size = abs(statistic)
        if size == 0 or self.quantile(SMALLEST_TAIL) <= size:
            return SMALLEST_TAIL if size else 0.5
        low, high = np.log(SMALLEST_TAIL), np.log(0.5)
        return float(np.exp(brentq(lambda log: self.quantile(float(np.exp(log))) - size, low, high)))

    def p(self, mean: float) -> float:
        """Return the two-sided p of the hypothesis that the mean is 0."""
        if self.standard_error == 0:
            return 1.0 if mean == 0 else 0.0
        return 2 * self.tail(mean / self.standard_error)

    def equivalence_p(self, mean: float, margin: float) -> float:
        """Return the p of the hypothesis that the mean is `margin` or more away from 0: two one-sided tests.

        Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics 1987, doi 10.1007/BF01068419.
        """
        return self.noninferiority_p(-abs(mean), margin)

    def noninferiority_p(self, mean: float, margin: float) -> float:
        """Return the p of the hypothesis that the mean is -`margin` or less: one of the two tests of equivalence."""
        room = mean + margin
        if self.standard_error == 0:
            return 0.0 if room > 0 else 1.0
        tail = self.tail(room / self.standard_error)
        return tail if room > 0 else 1 - tail


def spread_of_difference(pair: PairedTrials) -> Spread | None:
    """Return the spread of the mean difference of two rows over trainings and images.

    With V the variance of a row's means by seed, S its seeds, I the images and D the differences of the images'
    means: V_a / S_a + V_b / S_b comes from the seeds, with Welch's degrees of freedom, and var(D) / I less what the
    seeds' part holds already from the images.

    Returns:
        None where it cannot be known: a learned row with one seed, or fewer than two images.
    """
    if not pair.has_seed_spread:
        return None
    return _spread(pair.difference, [row for row in (pair.a, pair.b) if row.learned])


def spread_of_mean(trials: Trials) -> Spread | None:
    """Return the spread of a row's mean over trainings and images, as `spread_of_difference`."""
    defined = trials.defined()
    if not defined.has_seed_spread:
        return None
    return _spread(defined.by_image, [defined] if defined.learned else [])


def spread_over_images(by_image: Values) -> Spread | None:
    """Return the spread of a mean over images for these very trainings; None with fewer than two images."""
    return _spread(by_image, [])


def t_beyond(tail: float, df: float) -> float:
    """Return the t of `df` degrees of freedom beyond which `tail` lies; df may be infinite."""
    return -float(ndtri(tail) if np.isinf(df) else stdtrit(df, tail))


def _spread(by_image: Values, trained: list[Trials]) -> Spread | None:
    n_images = by_image.size
    if n_images < 2:
        return None
    parts = [float(row.values.mean(axis=1).var(ddof=1)) / row.n_seeds for row in trained]
    shared = sum(_interaction(row) / (row.n_seeds * n_images) for row in trained)
    return Spread(
        of_rows=tuple(parts),
        of_rows_df=tuple(float(row.n_seeds - 1) for row in trained),
        images=max(0.0, float(by_image.var(ddof=1)) / n_images - shared),
        images_df=n_images - 1,
        shared=min(1.0, shared / sum(parts)) if sum(parts) > 0 else 0.0,
    )


def _interaction(row: Trials) -> float:
    """Return the variance that is neither of the seed nor of the image: a training that is luckier on some images."""
    values = row.values
    rest = values - values.mean(axis=0) - values.mean(axis=1, keepdims=True) + values.mean()
    return float((rest**2).sum()) / ((row.n_seeds - 1) * (row.n_images - 1))
