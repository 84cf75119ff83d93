"""Stage acquire: images and labels from a source into data/raw, with a manifest."""

import click
from rich.console import Console

from cellarena.datasets.sources.spec import SOURCES, describe
from cellarena.images.io import write_image, write_labels
from cellarena.records import Record, write_manifest
from cellarena.stages._project import Project
from cellarena.stages._shell import fresh_folder


@click.command()
@click.pass_obj
def acquire(project: Project) -> None:
    """Read the data set that params.yaml names, check it, and write it in one form."""
    layout, params = project.layout, project.params.acquire
    source = SOURCES[params.source]
    licence = source.licence or params.licence
    records: list[Record] = []
    with fresh_folder(layout.raw) as raw:
        for sample in source.samples(params):
            image, labels = f"images/{sample.id}.tiff", f"labels/{sample.id}.tiff"
            write_image(sample.image, raw / image)
            write_labels(sample.labels, raw / labels)
            records.append(describe(sample, image, labels, params.source, licence))
        if not records:
            raise ValueError(f"source {params.source}: no annotated image found")
        write_manifest(records, layout.manifest(raw))
    objects = sum(record.n_objects for record in records)
    Console().print(f"{len(records)} images, {objects} objects, licence {licence}; cite: {source.citation}")
