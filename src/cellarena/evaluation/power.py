"""What a design can see: its power, the smallest difference it would find, and what would settle a question."""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, replace

from scipy.special import nctdtr, stdtr

from cellarena.evaluation.uncertainty import Spread

POWER = 0.8
MOST_SEEDS = 100
MOST_TIMES = 100


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
        spread: of the observed mean difference.
        level: of the two-sided test.
    """
    error = spread.standard_error
    if error == 0:
        return float(difference != 0)
    return 1 - float(nctdtr(spread.df, abs(difference) / error, spread.quantile(level / 2)))


def power_of_equivalence(difference: float, spread: Spread, margin: float, level: float) -> float:
    """Return the probability that two one-sided tests call a true difference smaller than the margin.

    Args:
        difference: the true one.
        spread: of the observed mean difference.
        margin: the smallest effect of interest.
        level: of each test.
    """
    error = spread.standard_error
    if error == 0:
        return float(abs(difference) < margin)
    critical = spread.quantile(level)
    above, below = ((margin + sign * difference) / error - critical for sign in (1, -1))
    return max(0.0, float(stdtr(spread.df, above) + stdtr(spread.df, below)) - 1)


def smallest_detectable(spread: Spread, level: float) -> float:
    """Return the smallest true difference that is told from 0 with 80 % power."""
    from scipy.optimize import brentq

    error = spread.standard_error
    if error == 0:
        return 0.0
    # At the critical value itself the power is about a half; twice it and some is always enough.
    high = 2 * spread.quantile(level / 2) + 10
    found = brentq(lambda size: power_of_difference(size * error, spread, level) - POWER, 0, high)
    return float(found) * error


def more_seeds(question: Question, spread: Spread, n_seeds: int) -> float:
    """Return about how many more seeds of each row would settle a question with 80 % power.

    Args:
        question: what is asked.
        spread: of the mean difference, as estimated.
        n_seeds: of the row with fewer of them, at least 2.

    Returns:
        At least 1; NaN if not even MOST_SEEDS more would.
    """
    return _fewest(question, range(1, MOST_SEEDS + 1), lambda added: _with_seeds(spread, n_seeds, added))


def more_images(question: Question, spread: Spread, n_images: int) -> float:
    """Return about how many more images would settle a question with 80 % power.

    Args:
        question: what is asked.
        spread: of the mean difference, as estimated.
        n_images: of the test subset.

    Returns:
        At least 1; NaN if not even MOST_TIMES as many would.
    """
    return _fewest(question, range(1, n_images * MOST_TIMES), lambda added: _with_images(spread, n_images, added))


def times_both(question: Question, spread: Spread, n_seeds: int, n_images: int) -> float:
    """Return about how many times the seeds and the images, together, would settle a question with 80 % power.

    Args:
        question: what is asked.
        spread: of the mean difference, as estimated.
        n_seeds: of the row with fewer of them, at least 2.
        n_images: of the test subset.

    Returns:
        At least 2; NaN if not even MOST_TIMES as many of both would.
    """

    def design(times: int) -> Spread:
        return _with_seeds(_with_images(spread, n_images, (times - 1) * n_images), n_seeds, (times - 1) * n_seeds)

    return _fewest(question, range(2, MOST_TIMES + 1), design)


def _fewest(question: Question, added: range, design: Callable[[int], Spread]) -> float:
    """Return the first of the rising numbers with which the design has the power; it never falls."""

    def power(number: int) -> float:
        spread = design(number)
        return max(
            power_of_difference(question.difference, spread, question.level),
            power_of_equivalence(question.difference, spread, question.margin, question.level),
        )

    k = bisect_left(added, POWER, key=power)
    return float(added[k]) if k < len(added) else float("nan")


def _with_seeds(spread: Spread, n_seeds: int, added: int) -> Spread:
    total = n_seeds + added
    return replace(
        spread, seeds=spread.seeds * n_seeds / total, seeds_df=spread.seeds_df * (total - 1) / max(1, n_seeds - 1)
    )


def _with_images(spread: Spread, n_images: int, added: int) -> Spread:
    share = n_images / (n_images + added)
    seeds = spread.seeds * (1 - spread.shared * (1 - share))
    return replace(spread, seeds=seeds, images=spread.images * share, images_df=spread.images_df + added, shared=0.0)
