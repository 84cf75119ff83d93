import math

import pytest

from cellarena.evaluation.verdicts import Finding, Outlook, words_of

UNCLEAR = Finding(difference=-0.03, interval=(-0.617, 0.556), p=1.0, equivalence_p=1.0)


def words(smallest_detectable):
    outlook = Outlook(smallest_detectable, more_seeds=53, more_images=math.nan, times_both=math.nan)
    return words_of(UNCLEAR, outlook, confidence=0.95, margin=0.01, metric="F1")


def test_what_cannot_be_told_says_what_the_design_sees_and_what_would_settle_it():
    assert words(0.25) == (
        "cannot tell: difference -0.030 F1 [-0.617, 0.556], p 1 over all pairs; this design sees 0.250 or more "
        "(80 % power); about 53 more seeds of each would settle it"
    )


@pytest.mark.parametrize("smallest", [1.001, 2.969, math.inf])
def test_no_difference_is_promised_that_cannot_be(smallest):
    assert "this design would miss the largest difference that F1 can have (80 % power)" in words(smallest)
