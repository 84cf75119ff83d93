"""What a checkpoint predicts: label images of the test subset, probabilities of test and validation, costs."""

from pathlib import Path

from cellarena.cards import reading
from cellarena.evaluation.costs import summarize_prediction, write_prediction_costs
from cellarena.images.origins import weights_of
from cellarena.methods.spec import METHODS
from cellarena.records import Run
from cellarena.shell.predictions import keeper, write_predictions, write_unpredicted, write_validation
from cellarena.shell.project import Project
from cellarena.shell.running import fresh_folder


def predict_with(project: Project, run: Run, checkpoint: Path) -> None:
    """Write all that a run predicts with a checkpoint; an image that fails becomes a row of failures.csv."""
    with reading(checkpoint / "model.json") as card:
        unlearnt = METHODS.bears(card["model"])
    if unlearnt:
        _by_method(project, run, checkpoint)
        return
    from cellarena.learning.shortage import short_of_memory

    with short_of_memory(f"predict {run}", "predict.tile or predict.batch_size"):
        _by_network(project, run, checkpoint)


def _by_method(project: Project, run: Run, checkpoint: Path) -> None:
    """Without torch, whose import alone takes more memory than a method does."""
    from cellarena.learning.costs import peak_memory_mb
    from cellarena.learning.method_checkpoints import load_method

    method = load_method(checkpoint)
    # The method decides and puts no probability on it, so that there is nothing to keep beside the labels.
    with fresh_folder(project.layout.probabilities(run)) as folder:
        timings = write_predictions(
            project, run, lambda image: (method.labels(image), None), lambda *_: None, weights_of([checkpoint])
        )
        write_unpredicted(project.layout, run, [], folder)
    costs = summarize_prediction(timings, method.variant, "cpu", peak_memory_mb("cpu"), None)
    write_prediction_costs(project.layout.prediction_costs(run), costs)


def _by_network(project: Project, run: Run, checkpoint: Path) -> None:
    from cellarena.learning.costs import device_name, peak_memory_mb
    from cellarena.learning.ensemble_checkpoints import load_networks
    from cellarena.learning.predict import labels_and_output
    from cellarena.learning.recipe import Inference, device_of

    device = device_of(project.read(str, "training", "accelerator"))
    loaded = load_networks(checkpoint, device)
    weights = weights_of([checkpoint, *(path for path in checkpoint.iterdir() if path.is_dir())])
    segmenter = loaded.segmenter(project.read(Inference, "predict"))
    with fresh_folder(project.layout.probabilities(run)) as folder:
        keep = keeper(project.layout, run, "test", segmenter.target, folder)
        timings = write_predictions(project, run, lambda image: labels_and_output(segmenter, image), keep, weights)
        # Before validation images are predicted and the work is counted, which take memory too.
        memory = peak_memory_mb(device)
        write_validation(project, run, segmenter, folder)
    costs = summarize_prediction(timings, loaded.variant, device_name(device), memory, segmenter.costs())
    write_prediction_costs(project.layout.prediction_costs(run), costs)
