import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellarena.reporting.document import (
    Document,
    Illustration,
    Notes,
    Section,
    ShownTable,
    Text,
    Warnings,
    excerpt,
)
from cellarena.reporting.tables import table_with_failures


@pytest.mark.parametrize("path", ["/etc/a.png", "https://a/b.png", "javascript:alert(1)", "C:\\a.png"])
def test_figures_stand_in_the_project(path):
    with pytest.raises(ValueError, match="relative to the report"):
        Illustration("a", path, "")


def test_what_says_nothing_is_not_shown():
    empty = [Notes([]), Warnings([])]
    document = Document("T", [], [Section("a", []), Section("b", empty), Section("c", [*empty, Text("t")])])
    assert document.shown == [Section("c", [Text("t")])]


@given(st.lists(st.booleans(), max_size=20), st.integers(0, 20))
def test_an_excerpt_shows_failed_rows_first_and_counts_the_rest(failed, at_most):
    frame = pd.DataFrame({"n": range(len(failed))})
    shown = ShownTable("t", table_with_failures(frame, failed), at_most)
    table, count = excerpt(shown)
    assert len(table.rows) == min(at_most, len(failed))
    assert [row.failed for row in table.rows] == sorted(failed, reverse=True)[:at_most]
    assert (f"{len(failed) - at_most} of them are not shown" in count) is (len(failed) > at_most)
    assert (f"{len(failed)} rows, {sum(failed)} failed." in count) is bool(failed)


def test_a_table_without_a_limit_is_whole_and_in_its_order():
    shown = ShownTable("t", table_with_failures(pd.DataFrame({"n": [1, 2]}), [False, True]))
    assert excerpt(shown) == (shown.table, "")
