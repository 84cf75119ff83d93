"""A report as one HTML file that needs nothing else: no network, no fonts, no other file."""

import base64
import hashlib
from collections.abc import Callable
from functools import cache
from typing import Any, assert_never

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from cellarena.reporting.document import (
    Block,
    Document,
    Folded,
    Illustration,
    Notes,
    Section,
    ShownTable,
    Text,
    Warnings,
    count_of,
    heading_of,
)
from cellarena.reporting.png import read_png
from cellarena.reporting.tables import plain


def render_html(document: Document, read_figure: Callable[[str], bytes]) -> str:
    """Return the report as one self-contained page.

    Text from outside is escaped, and the page's own content policy lets nothing run but the page's own script.

    Args:
        document: what to show.
        read_figure: gives the bytes of the PNG file at an illustration's path.

    Raises:
        ValueError: if a figure is no PNG file.
        FileNotFoundError: as `read_figure` raises it.
    """
    script, style = _part("report.js"), _part("report.css")
    return _template().render(
        title=plain(document.title),
        facts=[(plain(name), plain(value)) for name, value in document.facts],
        sections=[
            (plain(section.title), [_block(block, section, read_figure) for block in section.blocks])
            for section in document.shown
        ],
        script=Markup(script),
        style=Markup(style),
        script_hash=_hash(script),
        style_hash=_hash(style),
    )


def _block(block: Block, section: Section, read_figure: Callable[[str], bytes]) -> dict[str, Any]:
    """Return what the template's part for this kind of block shows."""
    match block:
        case Text(text):
            return {"kind": "text", "text": plain(text)}
        case Notes(lines):
            return {"kind": "notes", "lines": [plain(line) for line in lines]}
        case Warnings(lines):
            return {"kind": "warnings", "lines": [plain(line) for line in lines]}
        case ShownTable(title, table, _, source):
            heads = {"kind": "table", "title": plain(title), "heading": plain(heading_of(block, section))}
            return heads | {"count": count_of(block), "table": table, "source": plain(source)}
        case Illustration(title, path, caption, source):
            heads = {"kind": "figure", "title": plain(title), "heading": plain(heading_of(block, section))}
            content = _data_uri(read_png(path, read_figure))
            return heads | {"content": content, "caption": plain(caption), "source": plain(source)}
        case Folded(title, blocks):
            inside = Section(title, blocks)
            parts = [_block(leaf, inside, read_figure) for leaf in blocks]
            return {"kind": "folded", "title": plain(title), "parts": parts}
    assert_never(block)


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


def _data_uri(content: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"
