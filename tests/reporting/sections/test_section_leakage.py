import pytest

from cellarena.datasets.splitting.leakage import leakage_report
from cellarena.reporting.document import Text, Warnings
from cellarena.reporting.sections.leakage import leakage_section
from scored import RECORDS

SUBSETS = {"train": RECORDS[:1], "val": RECORDS[1:2], "test": RECORDS[2:]}


def test_a_clean_split_is_one_sentence():
    assert leakage_section(leakage_report(SUBSETS, [["c", "d"]], "")).blocks == [
        Text("1 group of near-duplicates among 4 images; no group of images crosses the subsets."),
        Warnings([]),
    ]


def test_crossings_are_named_with_the_reason_they_were_accepted():
    summary, crossings = leakage_section(leakage_report(SUBSETS, [["a", "c"]], "same well")).blocks
    assert summary == Text("1 group of near-duplicates among 4 images; 1 group crosses the subsets.")
    assert crossings == Warnings(["a (train), c (test); accepted because: same well"])


@pytest.mark.parametrize("content", [[], {}, {"n_images": []}])
def test_what_is_no_leakage_report_is_refused(content):
    with pytest.raises((KeyError, TypeError, AttributeError)):
        leakage_section(content)
