import pandas as pd
import pytest
from markdown_it import MarkdownIt

from cellarena.evaluation.comparing import Comparing
from cellarena.reporting.markdown import render_markdown
from cellarena.review.before_after import image_changes, row_changes, run_changes
from cellarena.review.changes_section import size_text
from cellarena.review.contents import (
    DATA_COLUMNS,
    RUN_COLUMNS,
    UNREAD_COLUMNS,
    Changes,
    Images,
    Results,
    Review,
    Side,
)
from cellarena.review.differences import Growth
from cellarena.review.page import review_document
from cellarena.review.verdict import verdict_sentence

SETTINGS = Comparing(smallest_effect=0.01, confidence=0.95, resamples=200)
BEFORE = [0.5, 0.6, 0.7, 0.4, 0.5, 0.6, 0.7, 0.4]
CHANGED, SAME = ("changed",) * 3, ("changed", "same", "same")


def review(runs=(), data=(), shifts=None, name="main", outdated=None):
    """Return a review of runs in given states, whose F1 rose by so much on every image."""
    parts = [
        pd.DataFrame({"run": run, "row": run[:-2], "seed": 0, "metric": "f1", "image": [f"i{k}" for k in range(8)],
                      "before": BEFORE, "after": [b + shift for b in BEFORE]})
        for run, shift in (shifts or {}).items()
    ]  # fmt: skip
    values = pd.concat(parts) if parts else None
    results = Results() if values is None else Results(
        Images(8, 8, 8), run_changes(values, SETTINGS, []), row_changes(values, SETTINGS, []), image_changes(values)
    )  # fmt: skip
    changes = Changes(
        pd.DataFrame([(output, "a" * 32, "b" * 32, 1, 1, 10, 10) for output in data], columns=DATA_COLUMNS),
        Growth(0, True), Growth(0, True),
        pd.DataFrame(columns=["name", "before", "after"]), pd.DataFrame(columns=["path", "n_added", "n_removed"]),
        pd.DataFrame([(run, *states, "") for run, states in runs], columns=RUN_COLUMNS), 7, [], outdated or {},
    )  # fmt: skip
    side = Side(name, "c" * 40, "subject")
    return Review(side, side, 0, SETTINGS, changes, results, pd.DataFrame(columns=UNREAD_COLUMNS))


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (review(), "No result changed."),
        (review(data=["data/raw"]), "No result changed; data changed (data/raw)."),
        (review([("a-real-0", SAME)]), "1 of 7 runs changed: a-real-0 is made anew with the same scores."),
        (review([("a-real-0", CHANGED)]), "1 of 7 runs changed: a-real-0 is not compared (see below)."),
        (review([("a-real-0", ("new",) * 3), ("b-real-0", ("gone",) * 3), ("c-real-0", ("gone",) * 3)]),
         "1 run is new (a-real-0); 2 runs are gone (b-real-0, c-real-0)."),
        (review([("a-real-0", CHANGED)], shifts={"a-real-0": -0.1}),
         "1 of 7 runs changed: a-real-0 is worse by 0.100 F1 [0.100, 0.100] on these images."),
    ],
)  # fmt: skip
def test_the_verdict_is_one_sentence(made, sentence):
    assert verdict_sentence(made) == sentence


def test_many_runs_are_counted_by_their_verdicts():
    shifts = {"a-real-0": 0.1, "b-real-0": 0.2, "c-real-0": -0.1, "d-real-0": 0.001}
    states = [(run, CHANGED) for run in shifts] + [("e-real-0", CHANGED), ("f-real-0", SAME)]
    assert verdict_sentence(review(states, shifts=shifts)) == (
        "6 of 7 runs changed: 2 better, 1 worse, 1 equivalent, 1 not compared, 1 with the same scores on these images."
    )


def test_hostile_names_are_shown_and_nothing_else():
    evil = "<script>x</script>|`[a](http://e.x)"
    made = review(data=[evil], name=evil, outdated={evil: [evil]})
    tokens = MarkdownIt("commonmark").enable("table").parse(render_markdown(review_document(made)))
    children = [child for token in tokens for child in token.children or []]
    assert not {child.type for child in children} & {"html_inline", "link_open", "code_inline"}
    assert not any("script" in token.content for token in tokens if token.type == "html_block")


@pytest.mark.parametrize(
    ("n_bytes", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (64_800, "64.8 kB"), (999_999, "1 MB"), (2.5e9, "2.5 GB"),
     (float("nan"), "\N{EN DASH}")],
)  # fmt: skip
def test_sizes_have_three_digits_and_a_unit(n_bytes, text):
    assert size_text(n_bytes) == text
