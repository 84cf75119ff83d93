"""Stage acquire: images and labels from a source into data/raw, with a manifest."""

from pathlib import Path

import click
import numpy as np
from rich.console import Console

from cellarena.datasets.sources.spec import SOURCES, Acquisition, Sample, describe
from cellarena.images.io import write_image, write_labels, write_png
from cellarena.records import Record, write_manifest
from cellarena.shell.project import Project
from cellarena.shell.running import fresh_folder
from cellarena.shell.tracking import is_shared


@click.command()
@click.pass_obj
def acquire(project: Project) -> None:
    """Read the data set that params.yaml names, check it, and write it in one form."""
    layout, params = project.layout, project.read(Acquisition, "acquire")
    source = SOURCES[params.source]
    licence = source.licence or params.licence
    with fresh_folder(layout.raw) as raw:
        samples = source.samples(params)
        records = [_kept(sample, raw, params.source, licence) for sample in samples]
        if not records:
            raise ValueError(f"source {params.source}: no annotated image found")
        write_manifest(records, layout.manifest(raw))
    objects = sum(record.n_objects for record in records)
    if params.source == "folder" and not is_shared(layout.root, params.root):
        click.echo(
            f"{params.root}: neither DVC nor git keep it, so that queued experiments (--queue, --temp) and other "
            f"clones cannot acquire from it; `cellarena add {params.root}` brings it in",
            err=True,
        )
    Console().print(f"{len(records)} images, {objects} objects, licence {licence}; cite: {source.citation}")


def _kept(sample: Sample, raw: Path, source: str, licence: str) -> Record:
    """Write a sample's image, its labels and, if there are any, its ignored pixels; return its record."""
    image, labels, ignored = f"images/{sample.id}.tiff", f"labels/{sample.id}.tiff", f"ignored/{sample.id}.png"
    write_image(sample.image, raw / image, pixel_size=sample.pixel_size)
    write_labels(sample.labels, raw / labels, pixel_size=sample.pixel_size)
    if sample.ignored is None or not sample.ignored.any():
        return describe(sample, image, labels, source, licence)
    write_png(sample.ignored.astype(np.uint8) * 255, raw / ignored)
    return describe(sample, image, labels, source, licence, ignored)
