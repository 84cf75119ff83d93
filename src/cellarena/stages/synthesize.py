"""Stage synthesize: a fitted generator's images, their label images, and the training images that they come from."""

import click
import pandas as pd

from cellarena.datasets.sources.spec import Sample, describe
from cellarena.images.io import read_image, write_labels, write_png
from cellarena.records import Record, read_manifest, write_manifest
from cellarena.shell.left_out import leave_out_unasked
from cellarena.shell.project import Project
from cellarena.shell.running import fixed_threads, fresh_folder, progress
from cellarena.stages._generators import known_records, read_examples
from cellarena.synthesis.arms import rounded
from cellarena.synthesis.making import DONORS, Donor, make
from cellarena.synthesis.settings import Synthesis
from cellarena.synthesis.shape_bank import shape_bank
from cellarena.synthesis.stored_generators import read_generator, read_trained_on


@click.command()
@click.argument("generator")
@click.pass_obj
@fixed_threads
def synthesize(project: Project, generator: str) -> None:
    """Compose label images of the train subset's shapes, and paint them with a fitted generator."""
    layout, settings = project.layout, project.read(Synthesis, "synthesize")
    if leave_out_unasked(project, generator, [layout.synthetic(generator)]):
        return
    known = known_records(project, generator)
    _require_fitted_to(project, generator, known)
    painter, _ = read_generator(layout.generator(generator), "cpu")
    bank = shape_bank(read_examples(layout.preprocessed, known))
    n = rounded(settings.share * len(read_manifest(layout.subset("train"))))
    made = make(bank, painter, known, n, settings.seed, generator)
    records: list[Record] = []
    donors: list[Donor] = []
    with fresh_folder(layout.synthetic(generator)) as folder:
        for one in progress(made, f"painting with {generator}", n):
            image, labels = f"images/{one.id}.png", f"labels/{one.id}.tiff"
            write_png(one.image, folder / image)
            write_labels(one.labels, folder / labels)
            # The labels' hash is that of the type that they are stored in.
            sample = Sample(one.id, one.image, read_image(folder / labels), one.modality)
            record = describe(sample, image, labels, f"synthetic: {generator}", one.licence)
            records.append(record)
            donors.extend(one.donors)
        write_manifest(records, layout.manifest(folder))
        DONORS.write(pd.DataFrame(sorted(donors), columns=DONORS.names), layout.donors(folder))
    n_objects = sum(record.n_objects for record in records)
    click.echo(f"{generator}: {len(records)} images with {n_objects} objects, after {len(known)} training images")


def _require_fitted_to(project: Project, generator: str, known: list[Record]) -> None:
    """Refuse a generator that was fitted to other images than those that it may know now."""
    folder = project.layout.generator(generator)
    if read_trained_on(folder) != {record.id: record.sha256 for record in known}:
        raise ValueError(
            f"{folder / 'model.json'}: fitted to other images than the {len(known)} that {generator} may know; "
            f"run `dvc repro fit-generator@{generator}`"
        )
