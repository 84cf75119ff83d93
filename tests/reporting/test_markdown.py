import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from cellarena.reporting.document import Document, Folded, Illustration, Notes, Section, ShownTable, Text
from cellarena.reporting.markdown import escape_markdown, render_markdown
from cellarena.reporting.tables import UNDEFINED, other_table, plain, table_with_failures
from hostile import NAMES, document


def _tokens(markdown: str) -> list:
    return MarkdownIt("commonmark").enable("table").parse(markdown)


def _inlines(markdown: str) -> list[str]:
    """Return the text of every cell, heading and paragraph as a renderer shows it."""
    inlines = [token.children or [] for token in _tokens(markdown) if token.type == "inline"]
    return [
        "".join(child.content for child in children if child.type in {"text", "text_special"}) for children in inlines
    ]


def _render(*blocks) -> str:
    return render_markdown(Document("T", [], [Section("S", blocks)]))


@given(st.text(min_size=1).map(plain).map(str.strip).filter(bool))
def test_escaped_text_is_shown_as_it_is_and_stays_in_its_cell(text):
    table = f"| a | b |\n|---|---|\n| {escape_markdown(text)} | end |\n"
    assert _inlines(table) == ["a", "b", text, "end"]


@given(st.text(min_size=1).map(plain).map(str.strip).filter(bool))
def test_a_paragraph_is_shown_as_it_is_and_is_nothing_else(text):
    assert _inlines(_render(Text(text))) == ["T", "S", text]
    kinds = [token.type for token in _tokens(_render(Text(text)))]
    assert kinds == ["heading_open", "inline", "heading_close"] * 2 + ["paragraph_open", "inline", "paragraph_close"]


def test_underscores_within_names_stay_readable():
    assert escape_markdown("img_001_label.png") == "img_001_label.png"
    assert escape_markdown("_a_") == "&#95;a&#95;"


def test_nothing_from_outside_becomes_markup():
    markdown = render_markdown(document())
    tokens = _tokens(markdown)
    kinds = {child.type for token in tokens for child in token.children or []}
    assert not kinds & {"em_open", "link_open", "code_inline", "s_open"}
    html = [c.content for token in tokens for c in token.children or [] if c.type == "html_inline"]
    assert set(html) == {"<sub>", "</sub>"}
    assert not {token.type for token in tokens} & {"html_block", "code_block", "fence", "ordered_list_open", "hr"}
    assert {" ".join(plain(name).split()) for name in NAMES} <= {" ".join(text.split()) for text in _inlines(markdown)}


def test_figures_are_relative_links_without_open_ends():
    markdown = _render(Illustration("Data <set>", "../plots/dataset/a b).png", "Caption | x", "strict-1"))
    assert "### Data &#60;set&#62;" in markdown
    assert "![Data &#60;set&#62;](../plots/dataset/a%20b%29.png)" in markdown
    assert markdown.endswith("Caption &#124; x\n\n<sub>Source: strict-1</sub>\n")


def test_failed_images_come_first_and_the_rest_is_counted():
    frame = pd.DataFrame({"image": [f"i{k:02d}" for k in range(40)]})
    markdown = _render(ShownTable("S", table_with_failures(frame, [k == 39 for k in range(40)]), 30))
    assert "40 rows, 1 failed. 10 of them are not shown here." in markdown
    rows = [line for line in markdown.splitlines() if line.startswith("| ")]
    assert rows[1] == "| ❌ i39 |"
    assert len(rows) == 31


def test_undefined_values_are_a_dash_and_no_rows_are_a_sentence():
    shown = ShownTable("S", other_table(pd.DataFrame({"a": [0.5], "b": [float("nan")]})), source="strict-1")
    assert _render(shown).endswith(f"| 0.500 | {UNDEFINED} |\n\n<sub>Source: strict-1</sub>\n")
    assert _render(ShownTable("S", other_table(pd.DataFrame({"a": []})))).endswith("\n\n(no rows)\n")


@pytest.mark.parametrize("title", ["S", "another"])
def test_a_heading_is_not_said_twice(title):
    markdown = _render(ShownTable(title, other_table(pd.DataFrame({"a": [1]}))))
    assert ("### another" in markdown) is (title == "another")
    assert "left out" not in render_markdown(document())


def test_what_is_folded_stays_markdown_and_its_title_text():
    folded = Folded("a <b> title", [Text("inside"), ShownTable("T", other_table(pd.DataFrame({"a": [1]})))])
    markdown = _render(folded)
    assert "<details>\n<summary>a &#60;b&#62; title</summary>\n\ninside\n\n" in markdown
    assert markdown.endswith("| 1 |\n\n</details>\n")
    assert [token.type for token in _tokens(markdown)].count("table_open") == 1


def test_a_folded_block_without_content_is_left_out():
    assert "<details>" not in _render(Text("x"), Folded("empty", [Notes([])]))
