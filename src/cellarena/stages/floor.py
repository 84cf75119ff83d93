"""Stage floor: the label images of the classical method that a learned one has to beat."""

import click

from cellarena.evaluation.costs import summarize_prediction, write_prediction_costs
from cellarena.images.classical import otsu_watershed
from cellarena.learning.costs import peak_memory_mb
from cellarena.shell.predictions import write_predictions
from cellarena.shell.project import Project


@click.command()
@click.pass_obj
def floor(project: Project) -> None:
    """Segment every test image by Otsu's threshold and a distance watershed."""
    run = project.params.floor_run
    # The method decides and puts no probability on it, so that there is nothing to keep beside the labels.
    timings = write_predictions(project, run, lambda image: (otsu_watershed(image), None), lambda *_: None, {})
    costs = summarize_prediction(timings, "Otsu threshold, distance watershed", "cpu", peak_memory_mb("cpu"), None)
    write_prediction_costs(project.layout.prediction_costs(run), costs)
