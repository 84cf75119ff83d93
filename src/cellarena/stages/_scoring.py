"""How a run is scored, by the stage evaluate and by rescore alike."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import click
import pandas as pd

from cellarena.evaluation.coverage import FAILED, MISSING, Cell, Hashes, coverage, judged, read_cells, write_cells
from cellarena.evaluation.scores import SCORES, score
from cellarena.evaluation.unannotated import judgeable
from cellarena.images.io import LabelImage, read_image
from cellarena.records import Record, Run, read_manifest
from cellarena.shell.annotated import read_ignored
from cellarena.shell.predictions import read_failures
from cellarena.shell.project import Project
from cellarena.shell.running import progress


def score_run(project: Project, run: Run) -> pd.DataFrame:
    """Score a run's predictions, write score table and cells, and return the score table.

    A prediction that is missing, cannot be read or is no label image of its image is scored as a failure; the cells
    say why.
    """
    layout, evaluation = project.layout, project.params.evaluate
    records = read_manifest(layout.subset("test"))
    reasons = dict(read_failures(project, run))
    cells: list[Cell] = []

    def pairs() -> Iterator[tuple[str, LabelImage, LabelImage | None]]:
        for record in progress(records, f"scoring {run}", len(records)):
            true = read_image(layout.preprocessed / record.labels)
            status, note, pred = _prediction(layout.prediction(run, record), true, reasons.get(record.id))
            if note:
                click.echo(f"{record.id}: {note}", err=True)
            cells.append(Cell(record.id, status, *hashes(project, run, record), note))
            ignored = read_ignored(layout.preprocessed, record)
            yield record.id, true, None if pred is None else judgeable(true, pred, ignored)

    scores = score(pairs(), run, evaluation.thresholds, evaluation.protocols)
    write_cells(cells, layout.cells(run))
    SCORES.write(scores, layout.scores(run))
    return scores


def coverage_of(project: Project, runs: list[Run], records: list[Record]) -> pd.DataFrame:
    """Return the status of every cell that runs and records expect, by what was scored and by the files as they are."""
    cells = {run: read_cells(project.layout.cells(run)) for run in runs}
    now: Hashes = {(run, record.id): hashes(project, run, record) for run in runs for record in records}
    return coverage([record.id for record in records], cells, now)


def hashes(project: Project, run: Run, record: Record) -> tuple[str, str]:
    """Return the sha256 of a record's annotation and of a run's prediction of it, empty where there is no file.

    Where a part was not annotated its file's sha256 is joined to that of the labels.
    """
    layout = project.layout
    annotation = (_sha256(layout.preprocessed / path) for path in (record.labels, record.ignored) if path)
    return "+".join(filter(None, annotation)), _sha256(layout.prediction(run, record))


def _prediction(path: Path, true: LabelImage, reason: str | None) -> tuple[str, str, LabelImage | None]:
    """Return status, note, and what is to be scored of a prediction."""
    if reason is not None:
        return FAILED, reason, None
    if not path.is_file():
        return MISSING, f"{path.name} is missing, and failures.csv does not name it", None
    try:
        pred = read_image(path)
    except ValueError as error:
        return FAILED, " ".join(str(error).split()), None
    status, note = judged(true, pred)
    return status, note, None if status == FAILED else pred


def _sha256(path: Path) -> str:
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
