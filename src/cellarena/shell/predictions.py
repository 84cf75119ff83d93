"""The store of what runs predicted, whatever made it: label images and class probabilities, written and read."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import numpy as np
import numpy.typing as npt
import pandas as pd

from cellarena.evaluation.costs import Timing
from cellarena.evaluation.coverage import FAILED, MISSING, status_of
from cellarena.evaluation.unannotated import judgeable
from cellarena.images.io import LabelImage, file_sha256, read_image, write_labels
from cellarena.images.origins import Origin, labels_sha256, software
from cellarena.images.probabilities import Codes, read_codes, write_probabilities
from cellarena.layout import Layout
from cellarena.records import Record, Run, read_manifest
from cellarena.shell.project import Project
from cellarena.shell.running import fresh_folder, progress
from cellarena.tables import IMAGE, Schema, schema, texts
from cellarena.targets.spec import Target

if TYPE_CHECKING:
    from cellarena.learning.predict import Segmenter

T = TypeVar("T")
Activated = npt.NDArray[np.float32]
Failures = list[tuple[str, str]]
"""The id of each image that failed, and why."""
_REASON = texts("reason?", "why, in a line")
FAILURES = schema(
    "failures", "Test images that a run could not segment",
    IMAGE, _REASON,
)  # fmt: skip
UNPREDICTED = schema(
    "unpredicted images", "Images of which a run has no probabilities",
    texts("subset", "which the image belongs to", "test", "val"),
    IMAGE, _REASON,
)  # fmt: skip


@dataclass(frozen=True)
class Prediction:
    """What a run predicted of a record.

    Attributes:
        status: as in the cells of `evaluation.coverage`.
        note: why there is nothing, or what is odd about it.
        labels: (H, W) what of it can be status_of by the annotation, None if nothing.
    """

    status: str
    note: str
    labels: LabelImage | None


def write_predictions(
    project: Project,
    run: Run,
    segment: Callable[[npt.NDArray[np.uint8]], tuple[npt.NDArray[Any], T]],
    keep: Callable[[Record, T], None],
    weights: Mapping[str, str],
) -> list[Timing]:
    """Segment every test record into the run's folder; those that fail are named in failures.csv and scored as such.

    Each label image says what made it, and of what: `images.origins`.

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
    timings: list[Timing] = []

    def write(record: Record) -> None:
        image = read_image(layout.preprocessed / record.image)
        start = time.monotonic()
        labels, known = segment(image)
        seconds = time.monotonic() - start
        keep(record, known)
        origin = _origin(run, layout.preprocessed / record.image, labels, weights)
        write_labels(labels, folder / layout.prediction(run, record).name, origin.describe(), record.pixel_size)
        timings.append(Timing(record.id, labels.size, seconds))

    with fresh_folder(layout.predictions(run)) as folder:
        failed = _attempt(read_manifest(layout.subset("test")), f"segmenting with {run}", write, "segmented")
        FAILURES.write(pd.DataFrame(failed, columns=FAILURES.names), folder / layout.failures(run).name)
    return timings


def keeper(layout: Layout, run: Run, subset: str, target: Target, folder: Path) -> Callable[[Record, Activated], None]:
    """Return what writes the probabilities in a record's activated output below what is to be the run's folder."""

    def keep(record: Record, activated: Activated) -> None:
        place = layout.probability(run, subset, record).relative_to(layout.probabilities(run))
        write_probabilities(target.probabilities(activated), folder / place)

    return keep


def write_validation(project: Project, run: Run, segmenter: "Segmenter", folder: Path) -> None:
    """Write the probabilities of every validation record into a folder, and which of either subset have none."""
    layout = project.layout
    keep = keeper(layout, run, "val", segmenter.target, folder)

    def write(record: Record) -> None:
        keep(record, segmenter.activations(read_image(layout.preprocessed / record.image)))

    records = read_manifest(layout.subset("val"))
    failed = _attempt(records, f"predicting validation images with {run}", write, "predicted")
    write_unpredicted(layout, run, failed, folder)


def write_unpredicted(layout: Layout, run: Run, failed_validation: Failures, folder: Path) -> None:
    """Write into a folder of probabilities which records of either subset failed."""
    rows = [("test", *failure) for failure in read_failures(layout, run).items()]
    rows += [("val", *failure) for failure in failed_validation]
    UNPREDICTED.write(pd.DataFrame(rows, columns=UNPREDICTED.names), folder / layout.unpredicted(run).name)


def read_failures(layout: Layout, run: Run) -> dict[str, str]:
    """Return why a run could not segment an image, by the ids of those.

    Raises:
        FileNotFoundError: if the run's predictions were not made; every image would pass for one that failed.
        ValueError: if the list of failures is damaged.
    """
    table = _read(FAILURES, layout.failures(run), "predictions")
    return dict(zip(table["image"], table["reason"], strict=True))


def read_prediction(
    layout: Layout, run: Run, record: Record, true: LabelImage, ignored: npt.NDArray[np.bool_] | None,
    failures: Mapping[str, str],
) -> Prediction:  # fmt: skip
    """Return what a run predicted of a record; what is no label image of its image is a failure that says why.

    Args:
        layout: where predictions lie.
        run: what predicted.
        record: of the test subset.
        true: (H, W) its annotation.
        ignored: (H, W) where nobody annotated; None if all of it was.
        failures: what `read_failures` returned.

    Raises:
        ValueError: if the annotation is no label image.
    """
    path = layout.prediction(run, record)
    if record.id in failures:
        return Prediction(FAILED, failures[record.id], None)
    if not path.is_file():
        return Prediction(MISSING, f"{path.name} is missing, and failures.csv does not name it", None)
    try:
        pred = read_image(path)
    except ValueError as error:
        return Prediction(FAILED, " ".join(str(error).split()), None)
    status, note = status_of(true, pred)
    return Prediction(status, note, None if status == FAILED else judgeable(true, pred, ignored))


def read_unpredicted(layout: Layout, run: Run) -> set[tuple[str, str]]:
    """Return subset and id of each record that a run has no probabilities of.

    Raises:
        FileNotFoundError: if the run's probabilities were not made.
        ValueError: if the list of those without is damaged.
    """
    table = _read(UNPREDICTED, layout.unpredicted(run), "probabilities")
    return set(zip(table["subset"], table["image"], strict=True))


def read_probabilities(layout: Layout, run: Run, subset: str, record: Record) -> Codes:
    """Return the (H, W) codes of a run's probabilities of a record.

    Raises:
        FileNotFoundError: if there are none.
        ValueError: if they are damaged or those of an image of another size.
    """
    return read_codes(layout.probability(run, subset, record), (record.height, record.width))


def _attempt(records: Sequence[Record], doing: str, make: Callable[[Record], None], done: str) -> Failures:
    """Do something with each record and return those that failed."""
    failed: Failures = []
    for record in progress(records, doing, len(records)):
        try:
            make(record)
        except (ValueError, RuntimeError, MemoryError) as error:
            failed.append((record.id, " ".join(str(error).split())))
            click.echo(f"{record.id}: not {done} ({error})", err=True)
    return failed


def _origin(run: Run, image: Path, labels: LabelImage, weights: Mapping[str, str]) -> Origin:
    return Origin(
        software=software(), run=str(run), weights=dict(weights), image=image.name, image_sha256=file_sha256(image),
        labels_sha256=labels_sha256(labels),
    )  # fmt: skip


def _read(schema: Schema, path: Path, kind: str) -> pd.DataFrame:
    if not path.is_file():
        raise FileNotFoundError(f"{path.parent}: no {kind}; run `dvc repro` or `dvc pull`")
    return schema.read(path)
