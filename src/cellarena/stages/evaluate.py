"""Stage evaluate: scores, errors and calibration of every row, from one pass over the images."""

import click
import numpy as np
import pandas as pd

from cellarena.benchmarking.judging import AnalyzedRow, CalibratedRow
from cellarena.benchmarking.scoring import ScoredRow, annotations, scored_together
from cellarena.benchmarking.temperatures import temperatures
from cellarena.evaluation.answers import Annotation, Answer
from cellarena.evaluation.comparing import Comparing
from cellarena.evaluation.errors.strata import BOUNDS, bounds
from cellarena.evaluation.settings import ErrorAnalysis
from cellarena.images.io import LabelImage, read_image
from cellarena.images.picture import Image
from cellarena.records import Record, Run
from cellarena.shell.project import Project
from cellarena.shell.running import fresh_folder
from cellarena.shell.settings import target_of
from cellarena.targets.spec import Target


@click.command()
@click.pass_obj
def evaluate(project: Project) -> None:
    """Score every row, name the error behind every object, judge the probabilities: each file is read once."""
    layout, grid = project.layout, project.grid
    scored = [ScoredRow(project, run) for run in grid.rows]
    targets = {run: _target(project, run) for run in (*grid.runs, *grid.ensemble_runs)}
    fits = temperatures(project, targets)
    calibrated = {run: CalibratedRow(layout, run, fit) for run, fit in fits.items()}
    analyzed = [AnalyzedRow(run) for run in grid.rows]
    for (record, true, ignored), preds in scored_together(project, scored):
        annotation = Annotation(record, _image(project, record, true), true, ignored)
        classes = {target: target.true_classes(true) for target in set(targets.values())}
        for row in analyzed:
            answer = Answer.of(annotation, preds[row.run])
            row.analyze(answer)
            if row.run in calibrated:
                calibrated[row.run].calibrate(answer, classes[targets[row.run]])
    _write(project, scored, analyzed, list(calibrated.values()))


def _target(project: Project, run: Run) -> Target:
    """Return what a run was taught; members of an ensemble learn one target, its decoding does not matter here."""
    ensemble = project.grid.ensembles.get(run.model)
    return target_of(project, ensemble.members[0] if ensemble else run.model)


def _image(project: Project, record: Record, true: LabelImage) -> Image:
    """Return the image of a record; one that cannot be read is black, which leaves contrast undefined."""
    try:
        return read_image(project.layout.preprocessed / record.image)
    except ValueError as error:
        click.echo(f"{record.id}: contrast is undefined, for the image cannot be read ({error})", err=True)
        return np.zeros(true.shape, np.uint8)


def _write(
    project: Project, scored: list[ScoredRow], analyzed: list[AnalyzedRow], calibrated: list[CalibratedRow]
) -> None:
    layout, first = project.layout, scored[0].run
    limits = _limits(project)
    with (
        fresh_folder(layout.scores(first).parent) as scores,
        fresh_folder(layout.errors(first).parent) as errors,
        fresh_folder(layout.calibration(first).parent) as calibration,
        fresh_folder(layout.gallery(first).parent) as galleries,
    ):
        BOUNDS.write(limits, errors / layout.strata.name)
        # As written: what is compared later goes by the same digits.
        limits = BOUNDS.read(errors / layout.strata.name)
        for row in scored:
            row.write(scores)
        for found in analyzed:
            found.write(limits, errors / str(found.run), galleries / layout.gallery(found.run).name)
        for judged in calibrated:
            judged.write(project.read(Comparing, "compare"), calibration / str(judged.run))


def _limits(project: Project) -> pd.DataFrame:
    """Return the bounds between strata, from the annotation of the train subset."""
    folder = project.layout.preprocessed
    annotated = (
        (read_image(folder / record.image), true, record.n_annotated)
        for record, true, _ in annotations(project, "train", "measuring the objects of train")
    )
    return bounds(annotated, project.read(ErrorAnalysis, "analyze").strata)
