"""How a method without training becomes a row like any other: a checkpoint of its settings, judged on validation."""

import json
import time

import click
import numpy as np

from cellarena.cards import write_card
from cellarena.datasets.preparation import Preparation
from cellarena.evaluation.costs import TrainingCosts, write_training_costs
from cellarena.files import write_bytes
from cellarena.learning.method_checkpoints import Method
from cellarena.methods.spec import METHODS
from cellarena.records import Run, read_manifest
from cellarena.shell.annotated import annotated
from cellarena.shell.project import Project
from cellarena.shell.running import fresh_folder


def settle(project: Project, run: Run) -> None:
    """Write a method's checkpoint, its validation score as a log of one step, and the time that this took."""
    from cellarena.learning.tuning import image_score

    layout, start = project.layout, time.monotonic()
    settings = project.read(METHODS[run.model].settings, "models", run.model)
    card = {
        "run": str(run),
        "model": run.model,
        "settings": settings.model_dump(mode="json"),
        "normalisation": project.read(Preparation, "preprocess").model_dump(mode="json"),
    }
    method = Method(settings, card)
    held_out = annotated(layout.preprocessed, read_manifest(layout.subset("val")))
    score = float(np.mean([image_score(one, method.labels(one.image)) for one in held_out]))
    click.echo(f"{run}: nothing is trained; F1 {score:.4f} on {len(held_out)} validation images")
    with fresh_folder(layout.checkpoint(run)) as folder, fresh_folder(layout.log(run)) as log:
        write_card({**card, "validation": {"f1": round(score, 6)}}, folder / "model.json")
        content = {"step": 0, "val": {"f1": round(score, 6)}}
        write_bytes(json.dumps(content, indent=2).encode() + b"\n", log / "metrics.json")
    write_training_costs(layout.training_costs(run), TrainingCosts(seconds=time.monotonic() - start, device="cpu"))
