"""Stage predict: one run's label images of the test subset, and its probabilities of test and validation."""

import click

from cellarena.records import Run
from cellarena.shell.left_out import leave_out
from cellarena.shell.predicting import predict_with
from cellarena.shell.project import Project
from cellarena.shell.running import fixed_threads, run_arguments


@click.command()
@run_arguments
@click.pass_obj
@fixed_threads
def predict(project: Project, run: Run) -> None:
    """Segment every test image with a run's best weights, or with a method that has none."""
    layout = project.layout
    if why := project.grid.run_left_out(run):
        folders = [layout.predictions(run), layout.probabilities(run)]
        leave_out(str(run), why, folders, [layout.prediction_costs(run)])
    else:
        predict_with(project, run, layout.checkpoint(run))
