"""Command review: what a pull request changes in data, parameters, code and results, and how sure that is."""

import tempfile
from pathlib import Path

import click

from cellarena.registry.repository import open_repository
from cellarena.reporting.text import render_text
from cellarena.review.page import review_document
from cellarena.review.reviewing import refuse_doubtful, review_of, write_html, write_markdown
from cellarena.review.verdict import verdict_sentence
from cellarena.shell.project import Project

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("revisions", metavar="BASE..HEAD")
@click.option("-o", "--output", type=_FILE, help="Write Markdown to this file; its figures go to a folder beside it.")
@click.option("--html", type=_FILE, help="Write one HTML file that needs nothing else.")
@click.pass_obj
def review(project: Project, revisions: str, output: Path | None, html: Path | None) -> None:
    """Review what changed between two commits: data, parameters, code, runs, and results with their statistics.

    Only git and DVC's storage are read, nothing is checked out. Without -o and --html the review is printed.
    """
    repository = open_repository(str(project.layout.root), project.layout.root)
    with tempfile.TemporaryDirectory(prefix="cellarena-review-") as scratch:
        pictures = Path(scratch) / "pictures"
        pictures.mkdir()
        found = review_of(repository, revisions, Path(scratch), pictures if output or html else None)
        if html:
            write_html(found, pictures, html)
        if output:
            write_markdown(found, pictures, output)
    click.echo(verdict_sentence(found) if output or html else render_text(review_document(found)).rstrip("\n"))
    refuse_doubtful(found, revisions)
