"""How class probabilities are written and found again."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np
import numpy.typing as npt
import pandas as pd

from cellarena.images.io import read_image
from cellarena.images.probabilities import Codes, read_codes, write_probabilities
from cellarena.layout import Layout
from cellarena.records import Record, Run, read_manifest
from cellarena.shell.predictions import REASON, read_failures
from cellarena.shell.project import Project
from cellarena.shell.running import progress
from cellarena.tables import IMAGE, schema, texts
from cellarena.targets.spec import Target

if TYPE_CHECKING:
    from cellarena.learning.predict import Segmenter

Failures = list[tuple[str, str]]
UNPREDICTED = schema(
    "unpredicted images", "Images of which a run has no probabilities",
    texts("subset", "which the image belongs to", "test", "val"),
    IMAGE, REASON,
)  # fmt: skip


def keep_test(
    project: Project, run: Run, target: Target, folder: Path
) -> Callable[[Record, npt.NDArray[np.float32]], None]:
    """Return what writes the probabilities in an activated output of a test record into a folder."""

    def keep(record: Record, activated: npt.NDArray[np.float32]) -> None:
        write_probabilities(target.probabilities(activated), _within(folder, project.layout, run, "test", record))

    return keep


def write_validation(project: Project, run: Run, segmenter: "Segmenter", folder: Path) -> Failures:
    """Predict every validation record and write its probabilities into a folder.

    Returns:
        The id of each record that could not be predicted, and why.
    """
    layout = project.layout
    records = read_manifest(layout.subset("val"))
    failed: Failures = []
    for record in progress(records, f"predicting validation images with {run}", len(records)):
        try:
            activated = segmenter.activations(read_image(layout.preprocessed / record.image))
            probabilities = segmenter.target.probabilities(activated)
            write_probabilities(probabilities, _within(folder, layout, run, "val", record))
        except (ValueError, RuntimeError, MemoryError) as error:
            failed.append((record.id, " ".join(str(error).split())))
            click.echo(f"{record.id}: not predicted ({error})", err=True)
    return failed


def write_failures(project: Project, run: Run, failed_validation: Failures, folder: Path) -> None:
    """Write which records have no probabilities, and why."""
    rows = [("test", *failure) for failure in read_failures(project, run)]
    rows += [("val", *failure) for failure in failed_validation]
    path = folder / project.layout.unpredicted(run).name
    UNPREDICTED.write(pd.DataFrame(rows, columns=UNPREDICTED.names), path)


def read_failed(project: Project, run: Run, subset: str) -> set[str]:
    """Return the ids of the records of a subset that a run could not predict.

    Raises:
        FileNotFoundError: if the run's probabilities were not made.
        ValueError: if the list of what failed is damaged.
    """
    table = UNPREDICTED.read(project.layout.unpredicted(run))
    return set(table.loc[table["subset"] == subset, "image"])


def read_record_codes(project: Project, run: Run, subset: str, record: Record) -> Codes:
    """Return the (H, W) codes of a run's probabilities of a record.

    Raises:
        FileNotFoundError: if there are none.
        ValueError: if they are damaged or those of an image of another size.
    """
    return read_codes(project.layout.probability(run, subset, record), (record.height, record.width))


def _within(folder: Path, layout: Layout, run: Run, subset: str, record: Record) -> Path:
    """Return a record's place below a folder that is to become that of the run's probabilities."""
    return folder / layout.probability(run, subset, record).relative_to(layout.probabilities(run))
