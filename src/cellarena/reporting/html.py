"""A report as one HTML file that needs nothing else: no network, no fonts, no other file."""

import base64
import hashlib
from collections.abc import Callable
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from cellarena.reporting.report import Illustration, Report
from cellarena.reporting.statements import costs, leakage, protocol, warnings
from cellarena.reporting.tables import cost_table, image_table, leaderboard_table, other_table, plain, variant_table

_PNG = b"\x89PNG\r\n\x1a\n"


def render_html(report: Report, read_figure: Callable[[str], bytes]) -> str:
    """Return the report as one self-contained page.

    Text from outside is escaped, and the page's own content policy lets nothing run but the page's own script.

    Args:
        report: what to show.
        read_figure: gives the bytes of the PNG file at an illustration's path.

    Raises:
        ValueError: if a figure is no PNG file.
        FileNotFoundError: as `read_figure` raises it.
    """
    script, style = _part("report.js"), _part("report.css")
    summary, notes = leakage(report)
    return _template().render(
        title=plain(report.title),
        facts=[(plain(name), plain(value)) for name, value in report.facts],
        leaderboard=leaderboard_table(report.leaderboard),
        costs=cost_table(report.costs),
        variants=variant_table(report.costs),
        costs_notes=costs(report),
        modalities=other_table(report.modalities),
        images=image_table(report.images),
        warnings=warnings(report),
        protocol=protocol(report),
        leakage=summary,
        leakage_notes=notes,
        figures=[(plain(f.title), plain(f.caption), _data_uri(f, read_figure)) for f in report.figures],
        script=Markup(script),
        style=Markup(style),
        script_hash=_hash(script),
        style_hash=_hash(style),
    )


@cache
def _environment() -> Environment:
    loader = PackageLoader("cellarena.reporting")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def _template() -> Template:
    return _environment().get_template("report.html.j2")


def _part(name: str) -> str:
    environment = _environment()
    source, _, _ = PackageLoader("cellarena.reporting").get_source(environment, name)
    return source


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _data_uri(figure: Illustration, read_figure: Callable[[str], bytes]) -> str:
    content = read_figure(figure.path)
    if not content.startswith(_PNG):
        raise ValueError(f"{figure.path}: not a PNG file; a report shows PNG figures only")
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"
