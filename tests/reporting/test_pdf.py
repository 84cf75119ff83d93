import re
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from cellarena.reporting.document import Document, Illustration, Section, ShownTable, Text
from cellarena.reporting.pdf import render_pdf
from cellarena.reporting.tables import other_table, plain, table_with_failures
from hostile import NAMES, PNG, document, read_figure

pytestmark = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="no poppler: the PDF cannot be read")


def _poppler(tool: str, pdf: bytes, folder: Path, *options: str) -> str:
    path = folder / "report.pdf"
    path.write_bytes(pdf)
    target = ["-"] if tool == "pdftotext" else []
    command = [tool, *options, str(path), *target]
    return subprocess.run(command, capture_output=True, check=True, encoding="utf-8").stdout


def _shown(name: str) -> str:
    """Return a name as the report shows it, letters that its fonts lack by their code points."""
    return re.sub("[\u3040-\u9fff]", lambda found: f"[U+{ord(found[0]):04X}]", plain(name))


def _joined(text: str) -> str:
    """Return the text without spaces, line ends and the marks that let a long name break."""
    return "".join(text.replace("\u200b", "").split())


def _pages(blocks: list, folder: Path, *options: str) -> list[str]:
    pdf = render_pdf(Document("T", [], [Section("S", blocks)]), read_figure)
    return _poppler("pdftotext", pdf, folder, *options).split("\f")[1:-1]


def _sizes(blocks: list, folder: Path) -> list[str]:
    """Return which way up every page after the contents is."""
    pdf = render_pdf(Document("T", [], [Section("S", blocks)]), read_figure)
    found = re.findall(r"size:\s+(\d+)[.\d]* x (\d+)", _poppler("pdfinfo", pdf, folder, "-f", "2", "-l", "99"))
    return ["upright" if int(width) < int(height) else "flat" for width, height in found]


def test_nothing_from_outside_is_code_and_every_name_is_there(tmp_path):
    text = _joined(_poppler("pdftotext", render_pdf(document(), read_figure), tmp_path, "-raw"))
    for name in NAMES:
        assert _joined(_shown(name)) in text, name
    assert "leftout" not in text


def test_no_word_is_cut_at_the_edge_of_a_page(tmp_path):
    words = _poppler("pdftotext", render_pdf(document(), read_figure), tmp_path, "-bbox")
    pages = re.split("<page ", words)[1:]
    for page in pages:
        width, height = map(float, re.match(r'width="([\d.]+)" height="([\d.]+)"', page).groups())
        boxes = re.findall(r'xMin="([-\d.]+)" yMin="([-\d.]+)" xMax="([-\d.]+)" yMax="([-\d.]+)"', page)
        assert boxes
        for left, top, right, bottom in (tuple(map(float, box)) for box in boxes):
            assert left >= 30, page
            assert right <= width - 30
            assert 0 <= top < bottom <= height


def test_the_same_report_gives_the_same_bytes_without_a_date(tmp_path):
    pdf = render_pdf(document(), read_figure)
    assert render_pdf(document(), read_figure) == pdf
    assert "Date" not in _poppler("pdfinfo", pdf, tmp_path)


def test_contents_and_page_numbers(tmp_path):
    blocks = [Text("word " * 3000), ShownTable("The table", other_table(pd.DataFrame({"a": [1]})))]
    pdf = render_pdf(Document("T", [("Data", "simulated")], [Section("Part", blocks)]), read_figure)
    first, *others = _poppler("pdftotext", pdf, tmp_path, "-layout").split("\f")[:-1]
    assert re.search(r"^ *Data +simulated$", first, re.MULTILINE)
    assert re.search(r"^Part[ .]+.?2$", first, re.MULTILINE)
    assert re.search(rf"^ *The table[ .]+.?{len(others) + 1}$", first, re.MULTILINE)
    for number, page in enumerate(others, start=2):
        assert page.replace(" / ", "/").split()[-1] == f"{number}/{len(others) + 1}"


def test_a_long_table_repeats_its_headings_on_every_page(tmp_path):
    frame = pd.DataFrame({"image": [f"i{k:03d}" for k in range(150)], "score": [0.5] * 150})
    pages = _pages([ShownTable("S", other_table(frame))], tmp_path)
    assert len(pages) > 2
    assert all(page.count("score") == 1 for page in pages)
    assert sum(page.count("0.500") for page in pages) == 150


@pytest.mark.parametrize(("n_columns", "way"), [(6, "upright"), (18, "flat"), (60, "flat")])
def test_a_wide_table_lies_on_its_side_and_loses_nothing(tmp_path, n_columns, way):
    frame = pd.DataFrame({"model": ["unet"]} | {f"metric_{k:02d}": [k / 100] for k in range(n_columns)})
    blocks = [ShownTable("wide", other_table(frame)), Text("after")]
    assert way in _sizes(blocks, tmp_path)
    text = _joined("".join(_pages(blocks, tmp_path, "-raw")))
    assert "after" in text
    assert all(f"{k / 100:.3f}" in text for k in range(n_columns))


def test_failed_rows_come_first_and_what_is_left_out_is_said(tmp_path):
    frame = pd.DataFrame({"image": [f"i{k:02d}" for k in range(40)], "n": range(40)})
    shown = ShownTable("S", table_with_failures(frame, [k == 39 for k in range(40)]), 30, "strict-1; runs unet-real-0")
    (page,) = _pages([shown], tmp_path, "-layout")
    assert "40 rows, 1 failed. 10 of them are not shown here." in page
    assert page.index("failed: i39") < page.index("i00")
    assert "Source: strict-1; runs unet-real-0" in page


def test_a_table_without_rows_is_a_sentence(tmp_path):
    (page,) = _pages([ShownTable("none", other_table(pd.DataFrame({"a": []})))], tmp_path)
    assert "(no rows)" in page


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"<svg/>", r"\.\./plots/a\.png: not a whole PNG"),
        (PNG[:40], r"\.\./plots/a\.png: not a whole PNG"),
        (PNG[:20] + b"??" + PNG[22:], "cannot be set as PDF: failed to decode image"),
    ],
)
def test_a_figure_that_is_no_png_is_refused_in_one_line(content, why):
    figure = Document("T", [], [Section("S", [Illustration("a", "../plots/a.png", "")])])
    with pytest.raises(ValueError, match=why) as refused:
        render_pdf(figure, lambda _: content)
    assert "\n" not in str(refused.value)
