import numpy as np
import pandas as pd
import pytest

from cellarena.reporting.tables import UNDEFINED, other_table, plain, range_of, table_with_failures


def test_failed_rows_are_marked_and_numbers_sort():
    frame = pd.DataFrame({"image": ["a", "b"], "f1": [0.25, np.nan], "n": [3, 4]})
    table = table_with_failures(frame, [False, True])
    assert [row.failed for row in table.rows] == [False, True]
    assert [(cell.text, cell.number) for cell in table.rows[0].cells[1:3]] == [("0.250", 0.25), ("3", 3.0)]
    assert (table.rows[1].cells[1].text, table.rows[1].cells[1].number) == (UNDEFINED, None)
    assert table.headings == ("image", "F1", "n")
    assert table.numeric == (False, True, True)


def test_every_row_is_told_to_have_failed_or_not():
    with pytest.raises(ValueError, match="shorter"):
        table_with_failures(pd.DataFrame({"n": [3, 4]}), [False])


def test_a_model_in_a_heading_keeps_its_name():
    assert other_table(pd.DataFrame({"maunet_wide": [0.5]})).headings == ("maunet_wide",)


def test_plain_text_has_one_visible_line_that_can_be_written():
    assert plain("a\nb\tc") == "a b c"
    assert plain("\u202egnp.exe\x00\udcff") == "�gnp.exe��"
    assert plain("Zellkörper 細胞.png") == "Zellkörper 細胞.png"


@pytest.mark.parametrize(("counts", "words"), [([], "none"), ([np.nan], "none"), ([3, 3], "3"), ([4, 2], "2 to 4")])
def test_a_range_is_said_in_words(counts, words):
    assert range_of(pd.Series(counts, dtype=float)) == words
