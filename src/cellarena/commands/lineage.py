"""Command lineage: where a release, a label image or any output of the pipeline comes from."""

import json

import click

from cellarena.lineage.page import as_document
from cellarena.lineage.subjects import lineage_of
from cellarena.lineage.tracing import as_json
from cellarena.registry.places import copies
from cellarena.registry.repository import open_repository
from cellarena.reporting.text import render_text


@click.command()
@click.argument("what")
@click.option("--repo", default=".", show_default=True, help="A folder in a clone, or the address of a git repository.")
@click.option("--json", "for_machines", is_flag=True, help="Print JSON for machines.")
def lineage(what: str, repo: str, for_machines: bool) -> None:
    """Show what made a release (NAME@v1.2.3, NAME#stage), a label image, or an output such as plots/comparison/x.png.

    Data, split, arm, generator, parameters, seed, code, environment, score and parents, and the stages down to the
    images as they were acquired. Exit code 4 says that bytes are not those that were made.
    """
    answer = lineage_of(open_repository(repo, copies()), what)
    if for_machines:
        click.echo(json.dumps(as_json(answer.lineage), indent=2, sort_keys=True))
    else:
        click.echo(render_text(as_document(answer.lineage)), nl=False)
    if answer.problem:
        raise answer.problem
