"""Stage predict: one run's label images of the test subset."""

import click

from cellarena.evaluation.costs import summarize_prediction, write_prediction_costs
from cellarena.records import Run
from cellarena.stages._predictions import write_predictions
from cellarena.stages._project import Project
from cellarena.stages._shell import run_arguments


@click.command()
@run_arguments
@click.pass_obj
def predict(project: Project, run: Run) -> None:
    """Segment every test image with a run's best weights; an image that fails becomes a row of failures.csv."""
    from cellarena.learning.costs import device_name, peak_memory_mb
    from cellarena.learning.ensemble_checkpoints import load_checkpoint
    from cellarena.learning.predict import segment
    from cellarena.learning.recipe import device_of

    params = project.params
    device = device_of(params.training.accelerator)
    loaded = load_checkpoint(project.layout.checkpoint(run), device)
    segmenter = loaded.segmenter(params.predict)
    timings = write_predictions(project, run, lambda image: segment(segmenter, image))
    # Before the work is counted, which takes memory too.
    memory = peak_memory_mb(device)
    costs = summarize_prediction(timings, loaded.variant, device_name(device), memory, segmenter.costs())
    write_prediction_costs(project.layout.prediction_costs(run), costs)
