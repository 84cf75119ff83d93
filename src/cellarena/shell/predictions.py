"""How predictions are written, whatever makes them."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click
import numpy as np
import numpy.typing as npt
import pandas as pd

from cellarena.evaluation.costs import Timing
from cellarena.evaluation.unannotated import judgeable
from cellarena.images.io import LabelImage, read_image, write_labels
from cellarena.records import Record, Run, read_manifest
from cellarena.registry.origins import Origin, file_sha256, labels_sha256, software
from cellarena.shell.annotated import read_ignored
from cellarena.shell.project import Project
from cellarena.shell.running import fresh_folder, progress
from cellarena.tables import IMAGE, schema, texts

T = TypeVar("T")
REASON = texts("reason", "why, in a line")
FAILURES = schema(
    "failures", "Test images that a run could not segment",
    IMAGE, REASON,
)  # fmt: skip


def write_predictions(
    project: Project,
    run: Run,
    segment: Callable[[npt.NDArray[np.uint8]], tuple[npt.NDArray[Any], T]],
    keep: Callable[[Record, T], None],
    weights: Mapping[str, str],
) -> list[Timing]:
    """Segment every test record into the run's folder; those that fail are named in failures.csv and scored as such.

    Each label image says what made it, and of what: `registry.origins`.

    Args:
        project: where records lie and predictions go.
        run: what predicts.
        segment: makes of an image its labels, and what else is known of it.
        keep: does with the latter what it wants; a ValueError makes the record one that failed.
        weights: the sha256 of the files that the run predicts by, by name.

    Returns:
        How long each image took that was segmented, reading, writing and keeping aside.
    """
    layout = project.layout
    records = read_manifest(layout.subset("test"))
    failed: list[tuple[str, str]] = []
    timings: list[Timing] = []
    with fresh_folder(layout.predictions(run)) as folder:
        for record in progress(records, f"segmenting with {run}", len(records)):
            try:
                image = read_image(layout.preprocessed / record.image)
                start = time.monotonic()
                labels, known = segment(image)
                seconds = time.monotonic() - start
                keep(record, known)
            except (ValueError, RuntimeError, MemoryError) as error:
                failed.append((record.id, " ".join(str(error).split())))
                click.echo(f"{record.id}: not segmented ({error})", err=True)
            else:
                timings.append(Timing(record.id, labels.size, seconds))
                origin = _origin(run, layout.preprocessed / record.image, labels, weights)
                path = folder / layout.prediction(run, record).name
                write_labels(labels, path, origin.describe(), record.pixel_size)
        FAILURES.write(pd.DataFrame(failed, columns=FAILURES.names), folder / layout.failures(run).name)
    return timings


def _origin(run: Run, image: Path, labels: LabelImage, weights: Mapping[str, str]) -> Origin:
    return Origin(
        software=software(), run=str(run), weights=dict(weights), image=image.name, image_sha256=file_sha256(image),
        labels_sha256=labels_sha256(labels),
    )  # fmt: skip


def read_prediction(project: Project, run: Run, record_id: str) -> LabelImage | None:
    """Return a run's label image of a record, None if there is none."""
    path = project.layout.predictions(run) / f"{record_id}.tiff"
    return read_image(path) if path.is_file() else None


def read_judgeable(project: Project, run: Run, record: Record, true: LabelImage) -> LabelImage | None:
    """Return what can be judged by its annotation of a run's label image of a record, None if there is none."""
    pred = read_prediction(project, run, record.id)
    return None if pred is None else judgeable(true, pred, read_ignored(project.layout.preprocessed, record))


def refuse_missing(project: Project, run: Run) -> None:
    """Do nothing if a run's predictions were made.

    Raises:
        FileNotFoundError: if they were not; without them every image would pass for one that failed.
    """
    if not project.layout.failures(run).is_file():
        raise FileNotFoundError(f"{project.layout.predictions(run)}: no predictions; run `dvc repro` or `dvc pull`")


def read_failures(project: Project, run: Run) -> list[tuple[str, str]]:
    """Return the id of each image that a run could not segment, and why.

    Raises:
        FileNotFoundError: if the run's predictions were not made.
        ValueError: if the list of failures is damaged.
    """
    refuse_missing(project, run)
    return list(FAILURES.read(project.layout.failures(run)).itertuples(index=False, name=None))
