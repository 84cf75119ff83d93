"""The scores of a row, image by image."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt

from cellarena.benchmarking.coverage import annotation_sha256, prediction_sha256
from cellarena.evaluation.coverage import ImageStatus, write_statuses
from cellarena.evaluation.matching import refuse_unlike
from cellarena.evaluation.scores import SCORES, Scored, score_image, score_table
from cellarena.evaluation.settings import Evaluation
from cellarena.images.io import LabelImage, read_image
from cellarena.records import Record, Run, read_manifest
from cellarena.shell.annotated import read_ignored
from cellarena.shell.predictions import read_failures, read_prediction
from cellarena.shell.project import Project
from cellarena.shell.running import progress

Annotated = tuple[Record, LabelImage, npt.NDArray[np.bool_] | None]
"""A record, its (H, W) annotation, and where nobody annotated."""


def annotations(project: Project, subset: str, doing: str) -> Iterator[Annotated]:
    """Yield the records of a subset with their annotations, each read once.

    Raises:
        ValueError: if an annotation is damaged or no label image; the message names its file.
    """
    folder = project.layout.preprocessed
    records = read_manifest(project.layout.subset(subset))
    for record in progress(records, doing, len(records)):
        true = read_image(folder / record.labels)
        try:
            refuse_unlike(true, true)
        except ValueError as error:
            raise ValueError(f"{folder / record.labels}: {error}; run `dvc repro`") from error
        yield record, true, read_ignored(folder, record)


def scored_together(
    project: Project, rows: "Sequence[ScoredRow]"
) -> Iterator[tuple[Annotated, dict[Run, LabelImage | None]]]:
    """Score all rows in one pass; yield each test record with what of every row's prediction can be judged."""
    for annotated in annotations(project, "test", f"scoring {len(rows)} rows"):
        sha256 = annotation_sha256(project.layout, annotated[0])
        yield annotated, {row.run: row.score(annotated, sha256) for row in rows}


class ScoredRow:
    """A row that is scored while the images pass by."""

    def __init__(self, project: Project, run: Run) -> None:
        """Begin without an image.

        Raises:
            FileNotFoundError: if the run's predictions were not made.
        """
        self.run, self._layout, self._settings = run, project.layout, project.read(Evaluation, "evaluate")
        self._failures = read_failures(project.layout, run)
        self._cells: list[ImageStatus] = []
        self._scores: dict[str, Scored] = {}

    def score(self, annotated: Annotated, sha256: str) -> LabelImage | None:
        """Score the prediction of a record, whose files have this sha256; return what can be judged, None if nothing.

        A prediction that is missing, cannot be read or is no label image of its image is a failure; its cell says why.

        Raises:
            ValueError: if the record comes twice.
        """
        record, true, ignored = annotated
        if record.id in self._scores:
            raise ValueError(f"image {record.id!r} comes twice in {self._layout.subset('test')}")
        found = read_prediction(self._layout, self.run, record, true, ignored, self._failures)
        if found.note:
            click.echo(f"{self.run}, {record.id}: {found.note}", err=True)
        made = prediction_sha256(self._layout, self.run, record)
        self._cells.append(ImageStatus(record.id, found.status, sha256, made, found.note))
        settings = self._settings
        self._scores[record.id] = score_image(true, found.labels, settings.thresholds, settings.protocols)
        return found.labels

    def write(self, folder: Path) -> None:
        """Write score table and cells into what is to be the folder of all rows."""
        SCORES.write(score_table(self._scores, self.run), folder / self._layout.scores(self.run).name)
        write_statuses(self._cells, folder / self._layout.cells(self.run).name)
