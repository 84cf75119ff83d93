import html
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from browser import needs_chromium, probe
from cellarena.reporting.document import Document, Section, ShownTable
from cellarena.reporting.html import render_html
from cellarena.reporting.tables import other_table, plain
from hostile import NAMES, PNG, document, read_figure


def _page(names: list[str] | None = None, f1: list[float] | None = None) -> str:
    return render_html(document(names or NAMES, f1), read_figure)


class _Addresses(HTMLParser):
    """Collects what the elements of a page refer to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, _: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {"src", "href", "srcset", "action", "data"}
        self.found += [str(value).split(",")[0] for name, value in attrs if name in names]


def test_text_from_outside_is_escaped():
    page = _page()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;.png" in page
    assert page.count("<script") == 1
    assert page.count("<img") == 1
    assert "{{ 7 * 7 }}" in page


def test_page_refers_to_nothing_outside_itself():
    page = _page()
    addresses = _Addresses()
    addresses.feed(page)
    assert {address for address in addresses.found if not address.startswith("#")} == {"data:image/png;base64"}
    assert not re.findall(r"url\(|@import", page)
    assert 'src="data:image/png;base64,iVBOR' in page


def test_every_section_with_content_is_in_the_contents():
    page = _page(["one", "two", "three", "four"])
    linked = re.findall(r'<a href="#(.+?)">(.+?)</a>', page)
    parts = re.findall(r'<details open id="(.+?)">\s*<summary><h2>(.+?)</h2>', page)
    assert linked == parts
    assert [name for _, name in parts] == ["one", "two", "three", "four", "Images"]


def test_failures_undefined_values_sources_and_empty_tables_are_visible():
    page = _page()
    assert '<tr class="failed"><td>a|b</td>' in page
    assert f"{len(NAMES)} rows, 1 failed." in page
    assert "nan" not in page.lower().replace("nani", "")
    assert '<p class="source">Source: a|b</p>' in page
    empty = Document("T", [], [Section("S", [ShownTable("S", other_table(pd.DataFrame({"a": []})))])])
    assert "<p>(no rows)</p>" in render_html(empty, read_figure)


def test_figures_come_from_their_path_and_must_be_png():
    asked = []
    render_html(document(), lambda path: asked.append(path) or PNG)
    assert asked == ["../plots/a b).png"]
    with pytest.raises(ValueError, match=r"\.\./plots/a b\)\.png: not a whole PNG"):
        render_html(document(), lambda _: b"<svg/>")


def test_the_same_report_gives_the_same_page():
    assert _page() == _page()


@needs_chromium
@pytest.mark.parametrize("width", [360, 1200])
def test_no_sideways_scrolling(tmp_path: Path, width: int):
    script = "const e = page.documentElement; return e.scrollWidth + ' ' + e.clientWidth;"
    scrolled, shown = map(int, probe(_page(), script, tmp_path, width).split())
    assert scrolled == shown <= width


@needs_chromium
def test_injected_names_do_nothing_and_nothing_is_fetched(tmp_path: Path):
    script = """return JSON.stringify({
        title: page.title, images: page.images.length, scripts: page.scripts.length,
        cells: [...[...page.querySelectorAll('table')].at(-1).querySelectorAll('td:first-child')]
            .map(e => e.textContent),
        fetched: frame.performance.getEntriesByType('resource').map(e => e.name).filter(n => !n.startsWith('data:')),
        })"""
    found = json.loads(html.unescape(probe(_page(), script, tmp_path)))
    assert found["title"] == NAMES[3]
    assert (found["images"], found["scripts"], found["fetched"]) == (1, 1, [])
    assert found["cells"] == [plain(name) for name in NAMES]


@needs_chromium
def test_the_policy_lets_no_other_script_run(tmp_path: Path):
    added = """<script>document.title = 'ran'</script><p onclick="document.title = 'ran'"></p></body>"""
    script = "page.querySelector('p[onclick]').click(); return page.title === 'ran';"
    assert probe(_page().replace("</body>", added), script, tmp_path) == "false"


@needs_chromium
def test_a_heading_sorts_both_ways_with_undefined_values_last(tmp_path: Path):
    page = _page(["i4", "i2", "i10", "i1", "i3", "i5"], [np.nan, 0.5, 0.25, np.nan, 0.75, 0.6])
    script = """const table = [...page.querySelectorAll('table')].at(-1);
        const names = () => [...table.tBodies[0].rows].map(row => row.cells[0].textContent).join(' ');
        const buttons = table.querySelectorAll('th button');
        return [1, 1, 0].map(column => { buttons[column].click(); return names(); }).join('; ');"""
    assert probe(page, script, tmp_path) == "i10 i2 i5 i3 i4 i1; i3 i5 i2 i10 i4 i1; i1 i2 i3 i4 i5 i10"


@needs_chromium
def test_a_filter_leaves_the_rows_that_hold_every_word(tmp_path: Path):
    page = _page(["cell A", "cell B", "nucleus A", "x"])
    script = """const inputs = page.querySelectorAll('input');
        const rows = () => [...page.querySelectorAll('table')].at(-1).tBodies[0].rows;
        const shown = () => [...rows()].filter(row => row.getClientRects().length).map(row => row.cells[0].textContent);
        const type = text => { inputs[0].value = text; inputs[0].dispatchEvent(new frame.Event('input'));
            return shown().join(',') + ' = ' + page.querySelector('output').textContent; };
        return inputs.length + ' input; ' + ['a CELL', 'zzz', ''].map(type).join('; ');"""
    assert probe(page, script, tmp_path) == (
        "1 input; cell A = 1 of 4 rows;  = 0 of 4 rows; cell A,cell B,nucleus A,x = 4 of 4 rows"
    )


@needs_chromium
def test_a_link_unfolds_its_section(tmp_path: Path):
    script = """const part = page.querySelector('details'); part.open = false;
        frame.location.hash = page.querySelector('nav a').hash; frame.dispatchEvent(new frame.Event('hashchange'));
        return part.open;"""
    assert probe(_page(), script, tmp_path) == "true"


@needs_chromium
def test_dark_and_light_differ(tmp_path: Path):
    rules = "[...page.styleSheets[0].cssRules].filter(r => r.media && r.media.mediaText.includes('dark')).length"
    ground = "frame.getComputedStyle(page.body).backgroundColor"
    assert probe(_page(), f"return {rules} + ' ' + {ground};", tmp_path) == "1 rgb(255, 255, 255)"
