"""Stage evaluate: one run's scores, image by image."""

import click

from cellarena.evaluation.scores import score, write_scores
from cellarena.images.io import read_image
from cellarena.records import Run, read_manifest
from cellarena.stages._predictions import read_prediction, refuse_missing
from cellarena.stages._project import Project
from cellarena.stages._shell import progress, run_arguments


@click.command()
@run_arguments
@click.pass_obj
def evaluate(project: Project, run: Run) -> None:
    """Score one run's predictions against the annotations; an image without a prediction has its row too."""
    layout = project.layout
    refuse_missing(project, run)
    records = read_manifest(layout.subset("test"))
    pairs = (
        (record.id, read_image(layout.preprocessed / record.labels), read_prediction(project, run, record.id))
        for record in progress(records, f"scoring {run}", len(records))
    )
    evaluation = project.params.evaluate
    write_scores(score(pairs, run, evaluation.thresholds, evaluation.protocols), layout.scores(run))
