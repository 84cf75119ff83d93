"""How a report becomes files: four formats of one document, and figures by their path from the report's folder."""

import os
from collections.abc import Mapping
from pathlib import Path

from cellarena.files import write_bytes
from cellarena.reporting.document import Document, Illustration
from cellarena.reporting.html import render_html
from cellarena.reporting.markdown import render_markdown
from cellarena.reporting.pdf import render_pdf
from cellarena.reporting.text import render_text
from cellarena.shell.project import Project


def write_report(document: Document, paths: Mapping[str, Path]) -> None:
    """Write a document in every format.

    Args:
        document: what is to be read; its figures are relative to the folder of the files.
        paths: of the files, by their suffix: md, txt, pdf and html.
    """
    folder = paths["md"].parent
    folder.mkdir(parents=True, exist_ok=True)

    def figure(path: str) -> bytes:
        return (folder / path).read_bytes()

    rendered = {
        "md": render_markdown(document).encode(),
        "txt": render_text(document).encode(),
        "pdf": render_pdf(document, figure),
        "html": render_html(document, figure).encode(),
    }
    for suffix, content in rendered.items():
        write_bytes(content, paths[suffix])


def illustration(project: Project, path: Path, title: str, caption: str) -> Illustration:
    """Return a figure of a report, its path relative to the folder of reports."""
    relative = Path(os.path.relpath(path, project.layout.report.parent)).as_posix()
    return Illustration(title, relative, caption)
