"""A comparison of two rows in words: better, worse, equivalent, or cannot tell."""

import math
from dataclasses import dataclass
from typing import Literal

from cellarena.evaluation.bootstrap import Interval

Verdict = Literal["better", "worse", "equivalent", "cannot tell"]


@dataclass(frozen=True)
class Finding:
    """What is known of a mean difference, for the models or for these trainings on these images.

    Attributes:
        difference: mean of the first minus that of the second; NaN where there is none.
        interval: of the difference; NaN where it is undefined.
        p: of no difference, adjusted for the family; NaN where it is undefined.
        equivalence_p: of a difference that matters, adjusted for the family; NaN where it is undefined.
    """

    difference: float
    interval: Interval
    p: float
    equivalence_p: float


@dataclass(frozen=True)
class Outlook:
    """What the design can see; NaN where it is undefined.

    Attributes:
        smallest_detectable: difference that it finds with 80 % power.
        more_seeds: about how many more of each row would settle the question; NaN if no number of them would.
        more_images: about how many more images would; NaN if no number of them would.
        times_both: about how many times the seeds and the images together would; NaN if no number would.
    """

    smallest_detectable: float
    more_seeds: float
    more_images: float
    times_both: float


def verdict_of(finding: Finding, confidence: float) -> Verdict:
    """Return what a finding allows to say; anything undefined is "cannot tell".

    Equivalent needs both one-sided tests; better or worse an interval without 0 and a p below its level. A difference
    that is smaller than what matters is called equivalent, even if it is surely not 0.
    """
    level = 1 - confidence
    if finding.equivalence_p < level:
        return "equivalent"
    if finding.p < level and finding.interval[0] > 0:
        return "better"
    if finding.p < level and finding.interval[1] < 0:
        return "worse"
    return "cannot tell"


def words_of(finding: Finding, outlook: Outlook, confidence: float, margin: float, metric: str) -> str:
    """Return the verdict on two models as a sentence of a report.

    Args:
        finding: of the models.
        outlook: what the design can see.
        confidence: of the interval and the tests.
        margin: the smallest effect of interest.
        metric: what the difference is one of.
    """
    verdict = verdict_of(finding, confidence)
    if verdict != "cannot tell":
        return claim_of(verdict, finding, margin, metric)
    return (
        f"cannot tell: difference {finding.difference:+.3f} {metric} {_brackets(finding.interval)}, p {finding.p:.2g} "
        f"over all pairs; this design {_sees(outlook, metric)} (80 % power); {_settled_by(outlook)}"
    )


def words_without_models(finding: Finding, reason: str, confidence: float, margin: float, metric: str) -> str:
    """Return a sentence on these trainings alone, where nothing can be said of the models.

    Args:
        finding: of these trainings on these images.
        reason: why nothing can be said of the models.
        confidence: of the interval and the tests.
        margin: the smallest effect of interest.
        metric: what the difference is one of.
    """
    if math.isnan(finding.interval[0]):
        return f"cannot tell: {reason}"
    verdict = verdict_of(finding, confidence)
    if verdict == "cannot tell":
        claim = f"no difference shown: {finding.difference:+.3f} {metric} {_brackets(finding.interval)}"
    else:
        claim = claim_of(verdict, finding, margin, metric)
    return f"cannot tell about the models: {reason}; on these images {claim}"


def claim_of(verdict: Verdict, finding: Finding, margin: float, metric: str, other: str = "") -> str:
    """Return a verdict other than "cannot tell" with its numbers, such as "better than R by 0.021 F1 [0.010, 0.033]".

    Args:
        verdict: better, worse or equivalent.
        finding: what it rests on.
        margin: the smallest effect of interest.
        metric: what the difference is one of.
        other: what the verdict compares with; it is left out where the reader knows.
    """
    interval = _brackets(finding.interval)
    if verdict == "equivalent":
        to = f" to {other}" if other else ""
        return f"equivalent{to} (within {margin:g}): difference {finding.difference:+.3f} {metric} {interval}"
    if verdict == "worse":
        interval = _brackets((-finding.interval[1], -finding.interval[0]))
    than = f" than {other}" if other else ""
    return f"{verdict}{than} by {abs(finding.difference):.3f} {metric} {interval}"


def _sees(outlook: Outlook, metric: str) -> str:
    """Return what a design can see of a metric between 0 and 1."""
    if outlook.smallest_detectable > 1:
        return f"would miss the largest difference that {metric} can have"
    return f"sees {outlook.smallest_detectable:.3f} or more"


def _settled_by(outlook: Outlook) -> str:
    ways = []
    if not math.isnan(outlook.more_seeds):
        ways.append(f"{outlook.more_seeds:.0f} more seed{'s' * (outlook.more_seeds != 1)} of each")
    if not math.isnan(outlook.more_images):
        ways.append(f"{outlook.more_images:.0f} more image{'s' * (outlook.more_images != 1)}")
    if not ways and not math.isnan(outlook.times_both):
        ways.append(f"{outlook.times_both:.0f} times the seeds and the images together")
    return f"about {' or '.join(ways)} would settle it" if ways else "no design of a handy size would settle it"


def _brackets(interval: Interval) -> str:
    return f"[{interval[0]:.3f}, {interval[1]:.3f}]"
