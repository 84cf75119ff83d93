"""Whether what was scored of runs is what is here."""

from collections.abc import Sequence

import pandas as pd

from cellarena.evaluation.coverage import Hashes, coverage, read_statuses
from cellarena.images.io import file_sha256
from cellarena.layout import Layout
from cellarena.records import Record, Run


def coverage_of(layout: Layout, runs: Sequence[Run], records: Sequence[Record]) -> pd.DataFrame:
    """Return the status of every cell that runs and records expect, by what was scored and by the files as they are."""
    cells = {run: read_statuses(layout.cells(run)) for run in runs}
    now: Hashes = {
        (run, record.id): (annotated, prediction_sha256(layout, run, record))
        for record in records
        for annotated in [annotation_sha256(layout, record)]
        for run in runs
    }
    return coverage([record.id for record in records], cells, now)


def annotation_sha256(layout: Layout, record: Record) -> str:
    """Return the sha256 of a record's labels, joined by that of what nobody annotated; empty where there is no file."""
    paths = [layout.preprocessed / path for path in (record.labels, record.ignored) if path]
    return "+".join(file_sha256(path) for path in paths if path.is_file())


def prediction_sha256(layout: Layout, run: Run, record: Record) -> str:
    """Return the sha256 of a run's prediction of a record, empty where there is no file."""
    path = layout.prediction(run, record)
    return file_sha256(path) if path.is_file() else ""
