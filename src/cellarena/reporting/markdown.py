"""A report as Markdown that GitHub renders."""

import re
from collections.abc import Iterable
from urllib.parse import quote

from cellarena.reporting.report import Illustration, Report
from cellarena.reporting.statements import costs, leakage, protocol, warnings
from cellarena.reporting.tables import (
    Row,
    Table,
    cost_table,
    image_table,
    leaderboard_table,
    other_table,
    plain,
    variant_table,
)

_SHOWN_IMAGES = 30
_MODALITIES = "Mean F1 at IoU 0.5; in brackets the number of test images."
# Entities stand for themselves in every renderer; a backslash before a pipe does not in all of them.
_ESCAPES = str.maketrans({mark: f"&#{ord(mark)};" for mark in "&<>|`\\*[]~$#!@"})

# An underscore within a word is no markup, and most names hold some.
_EMPHASIS = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")


def escape_markdown(text: object) -> str:
    """Return text from outside as Markdown that shows exactly that text on one line, in a table too."""
    escaped = _EMPHASIS.sub("&#95;", plain(text).translate(_ESCAPES))
    # An address would become a link without any markup.
    return escaped.replace("://", "&#58;//").replace("www.", "www&#46;")


def render_markdown(report: Report) -> str:
    """Return the report as GitHub-flavoured Markdown; figures are linked by their relative paths.

    Of the per-image table the rows that failed and the first of the others are shown, 30 in all.
    """
    summary, notes = leakage(report)
    parts = [
        f"# {escape_markdown(report.title)}",
        _bullets(f"**{escape_markdown(name)}:** {escape_markdown(value)}" for name, value in report.facts),
        "## Leaderboard",
        _bullets(f"⚠️ {escape_markdown(line)}" for line in warnings(report)),
        _table(leaderboard_table(report.leaderboard)),
        _bullets(escape_markdown(line) for line in protocol(report)),
        "## Costs",
        _table(cost_table(report.costs)),
        _bullets(escape_markdown(line) for line in costs(report)),
        "### Variants",
        _table(variant_table(report.costs)),
        "## By modality",
        _MODALITIES,
        _table(other_table(report.modalities)),
        "## Leakage between subsets",
        escape_markdown(summary),
        _bullets(f"⚠️ {escape_markdown(note)}" for note in notes),
        *(["## Figures"] if report.figures else []),
        *(_figure(figure) for figure in report.figures),
        "## Images",
        _images(image_table(report.images)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _figure(figure: Illustration) -> str:
    title, caption = escape_markdown(figure.title), escape_markdown(figure.caption)
    return f"### {title}\n\n![{title}]({quote(figure.path, safe='/.')})\n\n{caption}"


def _images(table: Table) -> str:
    failed = [row for row in table.rows if row.failed]
    rows = (failed + [row for row in table.rows if not row.failed])[:_SHOWN_IMAGES]
    hidden = len(table.rows) - len(rows)
    count = f"{len(table.rows)} rows, {len(failed)} failed" + (f"; {hidden} not shown here" if hidden else "")
    return f"{count}.\n\n{_table(Table(table.headings, table.numeric, tuple(rows)))}"


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
