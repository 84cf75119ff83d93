import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from cellarena.reporting.markdown import escape_markdown, render_markdown
from cellarena.reporting.report import COST_COLUMNS, LEADERBOARD_COLUMNS, Illustration, Leakage, Report
from cellarena.reporting.tables import UNDEFINED, plain

NASTY = "<script>alert(1)</script>|`x`\n*b* _i_ [l](http://e.x) \\|.png"


def _report(names: list[str], failures: list[str]) -> Report:
    board = pd.DataFrame([["unet", "real", 1, 2, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, float("nan"), 0.5, 0]])
    board.columns = pd.Index(LEADERBOARD_COLUMNS)
    costs = pd.DataFrame(
        [["unet", "real", NASTY, 1e6, 2e9, 60.0, 0.5, 512.0, "meets", 0.1, 0, 2, NASTY]], columns=list(COST_COLUMNS)
    )
    images = pd.DataFrame({"image": names, "unet": [0.5] * len(names), "failure": failures})
    figures = [Illustration("Data <set>", "../plots/dataset/a b).png", "Caption | x")]
    return Report(NASTY, [(NASTY, NASTY)], board, costs, pd.DataFrame(), images, Leakage(2, 0, (NASTY,)), figures)


def _cells(markdown: str) -> list[str]:
    """Return the text of every table cell and heading as a renderer shows it."""
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    inlines = [token.children or [] for token in tokens if token.type == "inline"]
    return [
        "".join(child.content for child in children if child.type in {"text", "text_special"}) for children in inlines
    ]


@given(st.text(min_size=1).map(plain).map(str.strip).filter(bool))
def test_escaped_text_is_shown_as_it_is_and_stays_in_its_cell(text: str) -> None:
    table = f"| a | b |\n|---|---|\n| {escape_markdown(text)} | end |\n"
    assert _cells(table) == ["a", "b", text, "end"]


def test_underscores_within_names_stay_readable() -> None:
    assert escape_markdown("img_001_label.png") == "img_001_label.png"
    assert escape_markdown("_a_") == "&#95;a&#95;"


def test_nothing_from_outside_becomes_markup() -> None:
    markdown = render_markdown(_report([NASTY, "b"], ["", NASTY]))
    assert "<script" not in markdown
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    kinds = {child.type for token in tokens for child in token.children or []}
    assert not kinds & {"html_inline", "em_open", "link_open", "code_inline"}
    assert not [token for token in tokens if token.type == "html_block"]
    assert _cells(markdown)[0] == plain(NASTY)


def test_figures_are_relative_links_without_open_ends() -> None:
    assert "![Data &#60;set&#62;](../plots/dataset/a%20b%29.png)" in render_markdown(_report(["a"], [""]))


def test_failed_images_come_first_and_the_rest_is_counted() -> None:
    names = [f"i{k:02d}" for k in range(40)]
    markdown = render_markdown(_report(names, [""] * 39 + ["out of memory"]))
    assert "40 rows, 1 failed; 10 not shown here." in markdown
    images = markdown[markdown.index("## Images") :].splitlines()
    assert images[6].startswith("| ❌ i39 |")
    assert len([line for line in images if line.startswith("| ")]) == 31


def test_undefined_values_are_a_dash() -> None:
    markdown = render_markdown(_report(["a"], [""]))
    assert f"| 0.500 | {UNDEFINED} | 0.500 | 0 |" in markdown
    assert "nan" not in markdown.lower()
