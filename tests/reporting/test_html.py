import html
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from browser import needs_chromium, probe

from cellarena.reporting.html import render_html
from cellarena.reporting.report import COST_COLUMNS, LEADERBOARD_COLUMNS, Illustration, Leakage, Report

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010800000000"
    "3a7e9b550000000a49444154789c63f80f00010101001bb6ee560000000049454e44ae426082"
)
NASTY = "<script>alert(1)</script>.png"
INJECTIONS = [NASTY, '"><img src=x onerror="document.title=1">', "</title></script><script>document.title=1</script>",
              "{{ 7 * 7 }}", "javascript:alert(1)"]  # fmt: skip


def _report(names: list[str], f1: list[float] | None = None) -> Report:
    rows = [
        ["unet", "real", 1, 2, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, np.nan, 0.5, 1],
        ["otsu", "real", 1, 2, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0],
    ]
    board = pd.DataFrame(rows, columns=list(LEADERBOARD_COLUMNS))
    costs = pd.DataFrame(
        [["unet", "real", INJECTIONS[1], 1e6, 2e9, 60.0, 0.5, 512.0, "meets", 0.1, 0, 2, NASTY * 9]],
        columns=list(COST_COLUMNS),
    )
    images = pd.DataFrame(
        {"image": names, "unet": f1 or [0.5] * len(names), "failure": ["no memory", *[""] * (len(names) - 1)]}
    )
    facts = [("Licence", INJECTIONS[1]), ("Address", "https://example.org/" + "x" * 300)]
    figures = [Illustration(INJECTIONS[1], "../plots/a.png", INJECTIONS[2])]
    modalities = pd.DataFrame({"modality": ["dic"]})
    return Report(INJECTIONS[2], facts, board, costs, modalities, images, Leakage(2, 0), figures)


def _png(path: str) -> bytes:
    return PNG


def _page(names: list[str] | None = None, f1: list[float] | None = None) -> str:
    return render_html(_report(names or INJECTIONS, f1), _png)


class _Addresses(HTMLParser):
    """Collects what the elements of a page refer to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str | None] = []

    def handle_starttag(self, _: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in {"src", "href", "srcset", "action", "data"}]


def test_text_from_outside_is_escaped() -> None:
    page = _page()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;.png" in page
    assert page.count("<script") == 1
    assert page.count("<img") == 1
    assert "{{ 7 * 7 }}" in page


def test_page_refers_to_nothing_outside_itself() -> None:
    page = _page()
    addresses = _Addresses()
    addresses.feed(page)
    assert [str(address).split(",")[0] for address in addresses.found] == ["data:image/png;base64"]
    assert not re.findall(r"url\(|@import", page)
    assert 'src="data:image/png;base64,iVBOR' in page


def test_failures_undefined_values_and_the_floor_are_visible() -> None:
    page = _page()
    assert '<tr class="failed"><td>unet</td>' in page
    assert "5 rows, 1 failed." in page
    assert "otsu (not learned)" in page
    assert "not above the classical floor" in page
    assert "nan" not in page.lower()


def test_figures_come_from_their_path_and_must_be_png() -> None:
    asked = []
    render_html(_report(["a"]), lambda path: asked.append(path) or PNG)  # type: ignore[func-returns-value]
    assert asked == ["../plots/a.png"]
    with pytest.raises(ValueError, match=r"\.\./plots/a\.png: not a PNG"):
        render_html(_report(["a"]), lambda _: b"<svg/>")


def test_the_same_report_gives_the_same_page() -> None:
    assert _page() == _page()


@needs_chromium
def test_no_sideways_scrolling_on_a_phone(tmp_path: Path) -> None:
    names = ["x" * 200, "y z " * 60]
    found = probe(_page(names), "const e = page.documentElement; return e.scrollWidth + ' ' + e.clientWidth;", tmp_path)
    scrolled, shown = map(int, found.split())
    assert scrolled == shown <= 390


@needs_chromium
def test_injected_names_do_nothing_and_nothing_is_fetched(tmp_path: Path) -> None:
    script = """return JSON.stringify({
        title: page.title, images: page.images.length, scripts: page.scripts.length,
        cells: [...page.querySelectorAll('table:last-of-type td:first-child')].map(e => e.textContent),
        fetched: frame.performance.getEntriesByType('resource').map(e => e.name).filter(n => !n.startsWith('data:')),
        })"""
    found = json.loads(html.unescape(probe(_page(), script, tmp_path)))
    assert found["title"] == INJECTIONS[2]
    assert (found["images"], found["scripts"], found["fetched"]) == (1, 1, [])
    assert set(INJECTIONS) <= set(found["cells"])


@needs_chromium
def test_the_policy_lets_no_other_script_run(tmp_path: Path) -> None:
    added = """<script>document.title = 'ran'</script><p onclick="document.title = 'ran'"></p></body>"""
    script = "page.querySelector('p[onclick]').click(); return page.title === 'ran';"
    assert probe(_page().replace("</body>", added), script, tmp_path) == "false"


@needs_chromium
def test_a_heading_sorts_both_ways_with_undefined_values_last(tmp_path: Path) -> None:
    page = _page(["i4", "i2", "i10", "i1", "i3", "i5"], [np.nan, 0.5, 0.25, np.nan, 0.75, 0.6])
    script = """const order = () => [...page.querySelectorAll('table')].at(-1).tBodies[0].rows;
        const names = () => [...order()].map(row => row.cells[0].textContent).join(' ');
        const buttons = [...page.querySelectorAll('table')].at(-1).querySelectorAll('th button');
        return [1, 1, 0].map(column => { buttons[column].click(); return names(); }).join('; ');"""
    assert probe(page, script, tmp_path) == "i10 i2 i5 i3 i4 i1; i3 i5 i2 i10 i4 i1; i1 i2 i3 i4 i5 i10"


@needs_chromium
def test_dark_and_light_differ(tmp_path: Path) -> None:
    rules = "[...page.styleSheets[0].cssRules].filter(r => r.media && r.media.mediaText.includes('dark')).length"
    ground = "frame.getComputedStyle(page.body).backgroundColor"
    assert probe(_page(), f"return {rules} + ' ' + {ground};", tmp_path) == "1 rgb(255, 255, 255)"
