import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from cellarena.reporting.document import Document, Illustration, Notes, Section, ShownTable, Text, Warnings
from cellarena.reporting.tables import UNDEFINED, other_table, plain, table_with_failures
from cellarena.reporting.text import WIDTH, render_text
from hostile import NAMES, document


def _render(*blocks) -> str:
    return render_text(Document("T", [], [Section("S", blocks)]))


def _body(*blocks) -> str:
    return _render(*blocks).partition("S\n-\n\n")[2]


def _joined(text: str) -> str:
    return "".join(text.split())


@given(st.text(min_size=1))
def test_a_paragraph_loses_nothing_and_no_line_is_too_wide(text):
    body = _body(Text(text))
    assert _joined(body) == _joined(plain(text))
    assert all(cell_len(line) <= WIDTH for line in body.splitlines())


def test_no_line_is_too_wide_and_every_name_is_there_as_it_is():
    text = render_text(document())
    assert max(map(cell_len, text.splitlines())) <= WIDTH
    for name in NAMES:
        assert _joined(plain(name)) in _joined(text)
    assert not {character for character in text if ord(character) < 32} - {"\n"}
    assert "\u202e" not in text


def test_columns_are_aligned_and_numbers_stand_at_their_right_end():
    frame = pd.DataFrame({"model": ["unet", "細胞"], "f1": [0.5, float("nan")], "n": [10, 9]})
    assert _body(ShownTable("S", other_table(frame))) == (
        f"model     F1   n\n{'─' * 16}\nunet   0.500  10\n細胞       {UNDEFINED}   9\n"
    )


def test_a_table_with_too_many_columns_goes_on_below_with_its_first_ones():
    frame = pd.DataFrame({"model": ["unet"], "arm": ["real"]} | {f"metric_{k:02d}": [k / 20] for k in range(20)})
    body = _body(ShownTable("S", other_table(frame)))
    rows = [line for line in body.splitlines() if line.startswith("unet")]
    assert len(rows) == 3
    assert [value for row in rows for value in row.split()[2:]] == [f"{k / 20:.3f}" for k in range(20)]
    assert all(row.split()[:2] == ["unet", "real"] for row in rows)
    assert max(map(len, body.splitlines())) <= WIDTH


def test_long_text_in_a_cell_is_wrapped_and_numbers_are_not():
    frame = pd.DataFrame({"model": ["unet"], "why": ["word " * 40], "f1": [0.123]})
    body = _body(ShownTable("S", other_table(frame)))
    assert body.count("word") == 40
    assert "0.123" in body


def test_failed_rows_are_marked_first_and_what_is_left_out_is_said():
    frame = pd.DataFrame({"image": [f"i{k:02d}" for k in range(40)], "n": range(40)})
    body = _body(ShownTable("S", table_with_failures(frame, [k == 39 for k in range(40)]), 30))
    assert body.startswith("40 rows, 1 failed. 10 of them are not shown here.\n")
    assert "\nFAILED i39  39\n" in body
    assert "i29" not in body


def test_notes_warnings_figures_and_empty_tables():
    figure = Illustration("F1", "../plots/a.png", "A caption.", "strict-1; runs unet-real-0")
    empty = ShownTable("none", other_table(pd.DataFrame({"a": []})))
    assert _body(Notes(["a", "b"]), Warnings(["c"]), figure, empty) == (
        "- a\n- b\n\n! c\n\nF1\n  figure: ../plots/a.png\n  A caption.\n"
        "  Source: strict-1; runs unet-real-0\n\nnone\n\n(no rows)\n"
    )


@pytest.mark.parametrize("variable", ["COLUMNS", "FORCE_COLOR", "TTY_COMPATIBLE"])
def test_the_terminal_changes_nothing(monkeypatch, variable):
    before = render_text(document())
    monkeypatch.setenv(variable, "1")
    assert render_text(document()) == before
