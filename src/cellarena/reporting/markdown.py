"""A report as Markdown that GitHub renders."""

import re
from collections.abc import Iterable
from typing import assert_never
from urllib.parse import quote

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
    excerpt,
    heading_of,
)
from cellarena.reporting.tables import Row, Table, plain

# Entities stand for themselves in every renderer; a backslash before a pipe does not in all of them.
_ESCAPES = str.maketrans({mark: f"&#{ord(mark)};" for mark in "&<>|`\\*[]~$#!@"})

# An underscore within a word is no markup, and most names hold some.
_EMPHASIS = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")

# A paragraph that starts like a list, a heading's underline or a rule would be one.
_LEADING = re.compile(r"^(\s*)([-+=]|\d+(?=[.)]))")


def escape_markdown(text: object) -> str:
    """Return text from outside as Markdown that shows exactly that text on one line, in a table too."""
    escaped = _EMPHASIS.sub("&#95;", plain(text).translate(_ESCAPES))
    # An address would become a link without any markup.
    return escaped.replace("://", "&#58;//").replace("www.", "www&#46;")


def render_markdown(document: Document) -> str:
    """Return the report as GitHub-flavoured Markdown; figures are linked by their relative paths."""
    parts = [
        f"# {escape_markdown(document.title)}",
        _bullets(f"**{escape_markdown(name)}:** {escape_markdown(value)}" for name, value in document.facts),
    ]
    for section in document.shown:
        parts.append(f"## {escape_markdown(section.title)}")
        for block in section.blocks:
            parts += _block(block, section)
    return "\n\n".join(part for part in parts if part) + "\n"


def _block(block: Block, section: Section) -> list[str]:
    match block:
        case Text(text):
            return [_paragraph(text)]
        case Notes(lines):
            return [_bullets(map(_paragraph, lines))]
        case Warnings(lines):
            return [_bullets(f"⚠️ {escape_markdown(line)}" for line in lines)]
        case ShownTable():
            shown, count = excerpt(block)
            return [_heading(block, section), count, _table(shown), _source(block.source)]
        case Illustration(title, path, caption, source):
            image = f"![{escape_markdown(title)}]({quote(path, safe='/.')})"
            return [_heading(block, section), image, _paragraph(caption), _source(source)]
        case Folded(title, blocks):
            opening = f"<details>\n<summary>{escape_markdown(title)}</summary>"
            inside = Section(title, blocks)
            return [opening, *(part for leaf in blocks for part in _block(leaf, inside)), "</details>"]
    assert_never(block)


def _heading(block: ShownTable | Illustration, section: Section) -> str:
    heading = heading_of(block, section)
    return f"### {escape_markdown(heading)}" if heading else ""


def _source(source: str) -> str:
    return f"<sub>Source: {escape_markdown(source)}</sub>" if source else ""


def _paragraph(text: str) -> str:
    return _LEADING.sub(lambda found: found[1] + "".join(f"&#{ord(mark)};" for mark in found[2]), escape_markdown(text))


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _table(table: Table) -> str:
    if not table.rows:
        return "(no rows)"
    head = "| " + " | ".join(escape_markdown(heading) for heading in table.headings) + " |"
    rule = "|" + "|".join("---:" if numeric else "---" for numeric in table.numeric) + "|"
    return "\n".join([head, rule, *map(_row, table.rows)])


def _row(row: Row) -> str:
    texts = [escape_markdown(cell.text) for cell in row.cells]
    if row.failed:
        texts[0] = f"❌ {texts[0]}"
    return "| " + " | ".join(texts) + " |"
