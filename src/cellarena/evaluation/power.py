"""What a design can see: its power, the smallest difference it would find, and what would settle a question."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import chdtri, ndtr, stdtrit

from cellarena.evaluation.trials import Values
from cellarena.evaluation.uncertainty import Spread, t_beyond

POWER = 0.8
MOST_SEEDS = 100
MOST_TIMES = 100
N_SPREADS = 12
"""Points of the quadrature over what the estimate of each variance may turn out to be."""


@dataclass(frozen=True)
class Question:
    """Whether two rows differ, or differ by less than matters.

    Attributes:
        difference: the one that is taken for true.
        margin: the smallest effect of interest.
        level: of the tests, in (0, 1), divided by the number of questions that are asked together.
    """

    difference: float
    margin: float
    level: float


def power_of_difference(difference: float, spread: Spread, level: float) -> float:
    """Return the probability that a true difference is told from 0, in the right direction.

    Args:
        difference: the true one.
        spread: of the observed mean difference, taken for the true spread.
        level: of the two-sided test.
    """
    if spread.standard_error == 0:
        return float(difference != 0)
    return float(ndtr((abs(difference) - _reaches(spread, level / 2)) / spread.standard_error).mean())


def power_of_equivalence(difference: float, spread: Spread, margin: float, level: float) -> float:
    """Return the probability that two one-sided tests call a true difference smaller than the margin.

    Args:
        difference: the true one.
        spread: of the observed mean difference, taken for the true spread.
        margin: the smallest effect of interest.
        level: of each test.
    """
    error = spread.standard_error
    if error == 0:
        return float(abs(difference) < margin)
    room = margin - _reaches(spread, level)
    inside = ndtr((room - difference) / error) - ndtr((-room - difference) / error)
    return float(np.maximum(0.0, inside).mean())


def smallest_detectable(spread: Spread, level: float) -> float:
    """Return the smallest true difference that is told from 0 with 80 % power."""
    from scipy.optimize import brentq

    error = spread.standard_error
    if error == 0:
        return 0.0
    high = float(_reaches(spread, level / 2).max()) + 5 * error
    return float(brentq(lambda size: power_of_difference(size, spread, level) - POWER, 0, high))


def more_seeds(question: Question, spread: Spread) -> float:
    """Return about how many more seeds of each row would settle a question with 80 % power.

    Args:
        question: what is asked.
        spread: of the mean difference, as estimated.

    Returns:
        At least 1; NaN if not even MOST_SEEDS more would, or no row is trained.
    """
    if not spread.of_rows:
        return float("nan")
    return _fewest(question, range(1, MOST_SEEDS + 1), lambda added: _with_seeds(spread, [added] * len(spread.of_rows)))


def more_images(question: Question, spread: Spread) -> float:
    """Return about how many more images would settle a question with 80 % power.

    Args:
        question: what is asked.
        spread: of the mean difference, as estimated.

    Returns:
        At least 1; NaN if not even MOST_TIMES as many would.
    """
    most = _n_images(spread) * MOST_TIMES
    return _fewest(question, range(1, most), lambda added: _with_images(spread, added))


def times_both(question: Question, spread: Spread) -> float:
    """Return about how many times the seeds and the images, together, would settle a question with 80 % power.

    Args:
        question: what is asked.
        spread: of the mean difference, as estimated.

    Returns:
        At least 2; NaN if not even MOST_TIMES as many of both would, or no row is trained.
    """
    if not spread.of_rows:
        return float("nan")

    def design(times: int) -> Spread:
        more = [(times - 1) * round(df + 1) for df in spread.of_rows_df]
        return _with_seeds(_with_images(spread, (times - 1) * _n_images(spread)), more)

    return _fewest(question, range(2, MOST_TIMES + 1), design)


def _fewest(question: Question, added: range, design: Callable[[int], Spread]) -> float:
    """Return the first of the rising numbers with which the design has the power; it never falls."""

    def power(number: int) -> float:
        spread, difference = design(number), question.difference
        tells = power_of_difference(difference, spread, question.level)
        if abs(difference) >= question.margin:
            return tells
        return max(tells, power_of_equivalence(difference, spread, question.margin, question.level))

    if power(added[-1]) < POWER:
        return float("nan")
    return float(added[bisect_left(added, POWER, key=power)])


def _n_images(spread: Spread) -> int:
    return round(spread.images_df) + 1


def _with_seeds(spread: Spread, added: Sequence[int]) -> Spread:
    """Return the spread with so many more seeds of each row."""
    shares = [(df + 1) / (df + 1 + more) for df, more in zip(spread.of_rows_df, added, strict=True)]
    return replace(
        spread,
        of_rows=tuple(part * share for part, share in zip(spread.of_rows, shares, strict=True)),
        of_rows_df=tuple(df + more for df, more in zip(spread.of_rows_df, added, strict=True)),
    )


def _with_images(spread: Spread, added: int) -> Spread:
    share = _n_images(spread) / (_n_images(spread) + added)
    kept = 1 - spread.shared * (1 - share)
    return replace(
        spread,
        of_rows=tuple(part * kept for part in spread.of_rows),
        images=spread.images * share,
        images_df=spread.images_df + added,
        shared=0.0,
    )


def _reaches(spread: Spread, tail: float) -> Values:
    """Return how far from 0 a mean must be at each of many spreads that are equally likely to be estimated."""
    parts = zip(spread.of_rows, spread.of_rows_df, strict=True)
    estimates = np.meshgrid(*[part * _shares(df) for part, df in parts], indexing="ij")
    seeds = np.asarray(sum(estimates, start=np.zeros(1))).ravel()
    squares = sum((found**2 / df for found, df in zip(estimates, spread.of_rows_df, strict=True)), start=np.zeros(1))
    # Without seeds' part its degrees of freedom do not matter.
    seeds_df = np.divide(seeds**2, squares.ravel(), out=np.ones_like(seeds), where=squares.ravel() > 0)
    images = spread.images * _shares(spread.images_df)[:, None]
    whole = np.maximum(seeds + images, np.finfo(float).tiny)
    of_seeds, of_images = -stdtrit(seeds_df, tail), t_beyond(tail, spread.images_df)
    return np.asarray((seeds * of_seeds + images * of_images) / np.sqrt(whole), np.float64)


def _shares(df: float) -> Values:
    """Return estimates of a variance as shares of it, equally likely."""
    middles = (np.arange(N_SPREADS) + 0.5) / N_SPREADS
    return np.asarray(chdtri(df, 1 - middles) / df, np.float64)
