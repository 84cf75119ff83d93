"""A report as PDF, set by Typst with the fonts that it brings along: no network, no other program."""

import json
import tempfile
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any, assert_never

from cellarena.reporting.document import (
    Document,
    Illustration,
    Leaf,
    Notes,
    Section,
    ShownTable,
    Text,
    Warnings,
    excerpt,
    heading_of,
    unfolded,
)
from cellarena.reporting.png import read_png
from cellarena.reporting.tables import Table, plain

_KNOWN = (range(0x590), range(0x1E00, 0x2E80), range(0xFFFC, 0xFFFE))
"""What the fonts that come with Typst hold: Latin, Greek, Cyrillic, Armenian, punctuation and symbols."""


def render_pdf(document: Document, read_figure: Callable[[str], bytes]) -> bytes:
    """Return the report as a PDF file; the same report gives the same bytes.

    The template never changes: the report reaches it as JSON, so that no text from outside is ever Typst code.

    Args:
        document: what to show.
        read_figure: gives the bytes of the PNG file at an illustration's path.

    Raises:
        ValueError: if a figure is no PNG file, or one that cannot be decoded.
        FileNotFoundError: as `read_figure` raises it.
    """
    import typst

    # Typst reads figures from a folder only.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "report.typ").write_bytes(files("cellarena.reporting").joinpath("templates/report.typ").read_bytes())
        content = _document(document, folder, read_figure)
        try:
            return typst.compile(
                str(folder / "report.typ"),
                root=name,
                format="pdf",
                ignore_system_fonts=True,
                sys_inputs={"document": json.dumps(content)},
            )
        except typst.TypstError as error:
            raise ValueError(f"the report cannot be set as PDF: {' '.join(error.message.split())}") from error


def _set(text: str) -> str:
    """Return a text as the fonts can show it: a letter that they lack by its code point, for a box tells nothing."""
    return "".join(
        character if any(ord(character) in known for known in _KNOWN) else f"[U+{ord(character):04X}]"
        for character in plain(text)
    )


def _document(document: Document, folder: Path, read_figure: Callable[[str], bytes]) -> dict[str, Any]:
    """Return the document as the template reads it, its figures written to the folder."""

    def figure(path: str) -> str:
        name = f"{len(list(folder.iterdir()))}.png"
        (folder / name).write_bytes(read_png(path, read_figure))
        return name

    return {
        "title": _set(document.title),
        "facts": [[_set(name), _set(value)] for name, value in document.facts],
        "sections": [
            {
                "title": _set(section.title),
                "blocks": [_block(block, section, figure) for block in unfolded(section.blocks)],
            }
            for section in document.shown
        ],
    }


def _block(block: Leaf, section: Section, figure: Callable[[str], str]) -> dict[str, Any]:
    match block:
        case Text(text):
            return {"kind": "text", "text": _set(text)}
        case Notes(lines):
            return {"kind": "notes", "lines": [_set(line) for line in lines]}
        case Warnings(lines):
            return {"kind": "warnings", "lines": [_set(line) for line in lines]}
        case ShownTable(source=source):
            shown, count = excerpt(block)
            heads = {"kind": "table", "heading": _set(heading_of(block, section)), "count": count}
            return heads | _table(shown) | {"source": _set(source)}
        case Illustration(title, path, caption, source):
            heads = {"kind": "figure", "heading": _set(heading_of(block, section)), "title": _set(title)}
            return heads | {"file": figure(path), "caption": _set(caption), "source": _set(source)}
    assert_never(block)


def _table(table: Table) -> dict[str, Any]:
    return {
        "headings": [_set(heading) for heading in table.headings],
        "numeric": list(table.numeric),
        "rows": [{"failed": row.failed, "cells": [_set(cell.text) for cell in row.cells]} for row in table.rows],
    }
