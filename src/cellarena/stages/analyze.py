"""Stage analyze: what became of every object of one run, and what each kind of error costs."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import click
import numpy as np
import pandas as pd

from cellarena.evaluation.errors.analysis import OBJECTS, Analysis, Sample
from cellarena.evaluation.errors.analysis import analyze as analyze_samples
from cellarena.evaluation.errors.gains import COUNTS, GAINS, count, gains
from cellarena.evaluation.errors.strata import BOUNDS, STRATA, stratify
from cellarena.evaluation.errors.worst import Specimen, worst
from cellarena.images.io import read_image
from cellarena.records import Record, Run, read_manifest
from cellarena.shell.predictions import read_judgeable, refuse_missing
from cellarena.shell.project import Project
from cellarena.shell.running import fresh_folder, progress, run_arguments


@click.command()
@run_arguments
@click.option("--images", "ids", multiple=True, metavar="ID", help="Only this test image; may be given several times.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, file_okay=False), help="New folder for the chosen images' errors."
)
@click.pass_obj
def analyze(project: Project, run: Run, ids: tuple[str, ...], output: Path | None) -> None:
    """Name the error behind every object of a run: all test images, or chosen ones into a folder of their own."""
    layout = project.layout
    if bool(ids) != (output is not None):
        raise click.UsageError("--images and -o go together: the errors of chosen images are no output of the pipeline")
    if output is not None and output.exists() and any(output.iterdir()):
        raise ValueError(f"{output}: not empty; name a new folder")
    refuse_missing(project, run)
    records = _chosen(read_manifest(layout.subset("test")), ids)
    limits = BOUNDS.read(layout.strata)
    done = analyze_samples(_samples(project, run, progress(records, f"analysing {run}", len(records))), run)
    with fresh_folder(output or layout.errors(run)) as folder:
        _write(done, limits, folder)
        _draw(project, run, records, done, folder / "gallery.png" if output else layout.gallery(run))


def _chosen(records: Sequence[Record], ids: Sequence[str]) -> list[Record]:
    if unknown := sorted(set(ids) - {record.id for record in records}):
        raise ValueError(f"{', '.join(unknown)}: not in the test subset; data/splits/test.csv lists its ids")
    return [record for record in records if not ids or record.id in ids]


def _samples(project: Project, run: Run, records: Iterable[Record]) -> Iterable[Sample]:
    folder = project.layout.preprocessed
    for record in records:
        image, true = read_image(folder / record.image), read_image(folder / record.labels)
        yield Sample(record, image, true, read_judgeable(project, run, record, true))


def _write(done: Analysis, limits: pd.DataFrame, folder: Path) -> None:
    counts = count(done)
    OBJECTS.write(done.objects, folder / "objects.csv")
    COUNTS.write(counts, folder / "counts.csv")
    GAINS.write(gains(counts), folder / "gains.csv")
    STRATA.write(stratify(done, limits), folder / "strata.csv")


def _draw(project: Project, run: Run, records: Sequence[Record], done: Analysis, path: Path) -> None:
    """Draw the worst errors of each kind."""
    from cellarena.reporting.figures.gallery import COLUMNS, Exhibit, gallery
    from cellarena.reporting.figures.style import save

    by_id = {record.id: record for record in records}

    def exhibit(specimen: Specimen) -> Exhibit:
        (sample,) = _samples(project, run, [by_id[specimen.image]])
        pred = np.zeros_like(sample.true) if sample.pred is None else sample.pred
        name, note = specimen.image, specimen.how_bad
        return Exhibit(name, note, sample.image, sample.true, pred, specimen.true, specimen.pred)

    found = worst(done.objects, COLUMNS)
    rows = {category: [exhibit(specimen) for specimen in some] for category, some in found.items()}
    save(gallery(rows, f"{run}: worst errors (each crop with its width)"), path)
