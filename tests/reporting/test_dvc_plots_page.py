from pathlib import Path

from dvc_render import render_html
from dvc_render.vega import VegaRenderer

from browser import dump, needs_chromium
from cellarena.reporting.dvc_plots_page import offline_template


def _rendered(folder: Path) -> Path:
    points = [{"threshold": x / 10, "f1": 1 - x / 10, "rev": rev} for x in (5, 6, 7) for rev in ("HEAD", "quick")]
    renderer = VegaRenderer(points, "curve", x="threshold", y="f1", template="linear")
    template = folder / "plots-page.html"
    template.write_text(offline_template(), encoding="utf-8")
    return Path(render_html([renderer], folder / "index.html", html_template=template))


def test_dvc_fills_the_template_without_its_scripts_from_the_network(tmp_path: Path) -> None:
    page = _rendered(tmp_path).read_text(encoding="utf-8")
    assert page.count("vegaEmbed('#") == 1
    # Not `in` alone: a failing comparison would print the page.
    assert page.count("jsdelivr") == 0
    assert page.count("<script src") == 0
    assert not [name for name in ("{plot_divs}", "{scripts}", "{refresh_tag}") if name in page]


@needs_chromium
def test_the_plots_are_drawn(tmp_path: Path) -> None:
    document = dump(_rendered(tmp_path), tmp_path / "profile")
    assert document.count('class="marks"') == 1
    assert document.count('aria-roledescription="line mark"') >= 2
