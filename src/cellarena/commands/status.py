"""Command status: which cells of the run grid are done, running, failed, interrupted, missing or stale."""

import json

import click

from cellarena.reporting.text import render_text
from cellarena.shell.project import Project
from cellarena.status.gathering import overview_of
from cellarena.status.overview import as_document, as_json


@click.command()
@click.option("--json", "for_machines", is_flag=True, help="Print JSON for machines.")
@click.pass_obj
def status(project: Project, for_machines: bool) -> None:
    """Show what is done, running, failed, interrupted, missing or stale: runs, generators and arms.

    Results that git keeps and that are not what their stage made are named, and so are installed libraries of other
    versions than requirements.lock pins. Nothing is locked or changed, so that it may be asked while `dvc repro` runs.
    """
    overview = overview_of(project)
    if for_machines:
        click.echo(json.dumps(as_json(overview), indent=2))
    else:
        click.echo(render_text(as_document(overview)), nl=False)
