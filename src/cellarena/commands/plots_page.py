"""Not a stage: writes the page that `dvc plots` fills in, so that it needs no network."""

import click

from cellarena.files import write_bytes
from cellarena.reporting.dvc_plots_page import offline_template
from cellarena.shell.project import Project


@click.command()
@click.pass_obj
def plots_page(project: Project) -> None:
    """Write the offline page of `dvc plots` (make setup does so)."""
    write_bytes(offline_template().encode(), project.layout.plots_page)
