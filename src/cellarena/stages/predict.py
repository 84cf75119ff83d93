"""Stage predict: one run's label images of the test subset."""

import click

from cellarena.records import Run
from cellarena.stages._predictions import write_predictions
from cellarena.stages._project import Project
from cellarena.stages._shell import run_arguments


@click.command()
@run_arguments
@click.pass_obj
def predict(project: Project, run: Run) -> None:
    """Segment every test image with a run's best weights; an image that fails becomes a row of failures.csv."""
    from cellarena.learning.checkpoints import load_model
    from cellarena.learning.predict import segment
    from cellarena.learning.recipe import device_of

    params = project.params
    model = load_model(project.layout.checkpoint(run), device_of(params.training.accelerator))
    write_predictions(project, run, lambda image: segment(model.network, model.target, image, params.predict))
