"""Stage calibrate: how far one run's probabilities can be trusted."""

from collections.abc import Iterator

import click
import numpy as np
import pandas as pd

from cellarena.evaluation.calibration.judge import Judged, judge
from cellarena.evaluation.calibration.tables import (
    IMAGES,
    JUDGED_OBJECTS,
    RELIABILITY,
    RISK_COVERAGE,
    SUMMARY,
    TEMPERATURE,
    curve_table,
    image_table,
    object_table,
    reliability_table,
    summary_table,
)
from cellarena.evaluation.calibration.tallies import Counts, Tally, count_pixels
from cellarena.evaluation.calibration.temperature import fitted_temperature, nll_at
from cellarena.images.io import read_image
from cellarena.images.probabilities import N_CODES
from cellarena.models.ensembles import ENSEMBLES
from cellarena.records import Record, Run, read_manifest
from cellarena.seeds import generator
from cellarena.shell.annotated import read_ignored
from cellarena.shell.predictions import read_prediction, refuse_missing
from cellarena.shell.probabilities import read_failed, read_record_codes
from cellarena.shell.project import Project
from cellarena.shell.running import fresh_folder, progress, run_arguments
from cellarena.targets.spec import Target


@click.command()
@run_arguments
@click.pass_obj
def calibrate(project: Project, run: Run) -> None:
    """Fit a temperature on the validation subset; judge pixels and objects of the test subset before and after."""
    refuse_missing(project, run)
    members = ENSEMBLES[run.model].members if run.model in ENSEMBLES else [run.model]
    # Members of an ensemble learn one target; how it is decoded does not matter here.
    target = project.params.target(members[0])
    counts, n_images, n_failed = _validation(project, run, target)
    validation = Tally.of(counts)
    temperature = fitted_temperature(validation)
    fit = pd.DataFrame([{
        "run": str(run), "temperature": temperature, "nll_raw": nll_at(validation, 1.0),
        "nll_scaled": nll_at(validation, temperature), "n_pixels": int(counts.sum()), "n_images": n_images,
        "n_failed": n_failed,
    }])  # fmt: skip
    images = dict(_judged(project, run, target, temperature))
    tables = {
        "temperature": (TEMPERATURE, fit),
        "images": (IMAGES, image_table(images, run)),
        "objects": (JUDGED_OBJECTS, object_table(images, run)),
        "summary": (SUMMARY, summary_table(images, run, generator(0, "calibration", str(run)))),
        "reliability": (RELIABILITY, reliability_table(images, run)),
        "risk_coverage": (RISK_COVERAGE, curve_table(images, run)),
    }
    with fresh_folder(project.layout.calibration(run)) as folder:
        for name, (schema, table) in tables.items():
            schema.write(table, folder / f"{name}.csv")
    click.echo(f"temperature {temperature:.3f} from {n_images} validation images")


def _validation(project: Project, run: Run, target: Target) -> tuple[Counts, int, int]:
    """Return the pixels of the validation subset, of how many images, and how many more could not be predicted."""
    records = read_manifest(project.layout.subset("val"))
    failed = read_failed(project, run, "val")
    counts = np.zeros((N_CODES, 3), np.int64)
    found = [record for record in records if record.id not in failed]
    for record in progress(found, f"validation images of {run}", len(found)):
        labels = read_image(project.layout.preprocessed / record.labels)
        codes = read_record_codes(project, run, "val", record)
        ignored = read_ignored(project.layout.preprocessed, record)
        annotated = np.ones(labels.shape, bool) if ignored is None else ~ignored
        counts += count_pixels(codes, target.true_classes(labels), annotated)
    return counts, len(found), len(records) - len(found)


def _judged(project: Project, run: Run, target: Target, temperature: float) -> Iterator[tuple[str, Judged | None]]:
    """Yield the id of every test record and what is known of it."""
    records = read_manifest(project.layout.subset("test"))
    failed = read_failed(project, run, "test")
    for record in progress(records, f"calibrating {run}", len(records)):
        yield record.id, None if record.id in failed else _judge(project, run, target, temperature, record)


def _judge(project: Project, run: Run, target: Target, temperature: float, record: Record) -> Judged:
    labels = read_image(project.layout.preprocessed / record.labels)
    pred = read_prediction(project, run, record.id)
    if pred is None:
        raise FileNotFoundError(f"{project.layout.prediction(run, record)}: no such prediction; run `dvc repro`")
    codes = read_record_codes(project, run, "test", record)
    ignored = read_ignored(project.layout.preprocessed, record)
    return judge(labels, pred, target.true_classes(labels), codes, temperature, ignored)
