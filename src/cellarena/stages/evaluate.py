"""Stage evaluate: one run's scores, image by image."""

import click

from cellarena.records import Run
from cellarena.shell.project import Project
from cellarena.shell.running import run_arguments
from cellarena.stages._scoring import score_run


@click.command()
@run_arguments
@click.pass_obj
def evaluate(project: Project, run: Run) -> None:
    """Score one run's predictions against the annotations; an image without a prediction has its row too."""
    score_run(project, run)
