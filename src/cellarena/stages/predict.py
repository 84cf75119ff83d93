"""Stage predict: one run's label images of the test subset, and its probabilities of test and validation."""

import click

from cellarena.evaluation.costs import summarize_prediction, write_prediction_costs
from cellarena.records import Run
from cellarena.registry.origins import weights_of
from cellarena.shell.predictions import keeper, write_predictions, write_validation
from cellarena.shell.project import Project
from cellarena.shell.running import fixed_threads, fresh_folder, run_arguments


@click.command()
@run_arguments
@click.pass_obj
@fixed_threads
def predict(project: Project, run: Run) -> None:
    """Segment every test image with a run's best weights; an image that fails becomes a row of failures.csv."""
    from cellarena.learning.shortage import short_of_memory

    with short_of_memory(f"predict {run}", "predict.tile or predict.batch_size"):
        _predict(project, run)


def _predict(project: Project, run: Run) -> None:
    from cellarena.learning.costs import device_name, peak_memory_mb
    from cellarena.learning.ensemble_checkpoints import Ensemble, load_checkpoint
    from cellarena.learning.predict import labels_and_output
    from cellarena.learning.recipe import device_of

    params = project.params
    device = device_of(params.training.accelerator)
    checkpoint = project.layout.checkpoint(run)
    loaded = load_checkpoint(checkpoint, device)
    members = loaded.members if isinstance(loaded, Ensemble) else {}
    weights = weights_of([checkpoint, *(checkpoint.parent / name for name in members)])
    segmenter = loaded.segmenter(params.predict)
    with fresh_folder(project.layout.probabilities(run)) as folder:
        keep = keeper(project.layout, run, "test", segmenter.target, folder)
        timings = write_predictions(project, run, lambda image: labels_and_output(segmenter, image), keep, weights)
        # Before validation images are predicted and the work is counted, which take memory too.
        memory = peak_memory_mb(device)
        write_validation(project, run, segmenter, folder)
    costs = summarize_prediction(timings, loaded.variant, device_name(device), memory, segmenter.costs())
    write_prediction_costs(project.layout.prediction_costs(run), costs)
