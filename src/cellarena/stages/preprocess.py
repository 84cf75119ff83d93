"""Stage preprocess: 8-bit RGB images, instance labels, and the classes that networks learn, for review."""

from dataclasses import replace

import click
import numpy as np

from cellarena.datasets.preparation import Preparation
from cellarena.images.intensity import to_rgb8
from cellarena.images.io import read_image, write_labels, write_palette_png, write_png
from cellarena.records import read_manifest, write_manifest
from cellarena.shell.annotated import read_ignored
from cellarena.shell.project import Project
from cellarena.shell.running import fresh_folder, progress
from cellarena.targets.three_class import ThreeClass

# Black, blue and orange of Okabe and Ito: background, interior, boundary.
_PALETTE = ((0, 0, 0), (0, 114, 178), (230, 159, 0))


@click.command()
@click.pass_obj
def preprocess(project: Project) -> None:
    """Normalise intensities between percentiles; keep labels, and what nobody annotated, as they are."""
    layout, params = project.layout, project.read(Preparation, "preprocess")
    classes = project.read(ThreeClass, "targets", "three_class")
    records = read_manifest(layout.manifest(layout.raw))
    prepared = []
    with fresh_folder(layout.preprocessed) as folder:
        for record in progress(records, "preprocessing", len(records)):
            labels = read_image(layout.raw / record.labels)
            done = replace(record, image=f"images/{record.id}.png")
            write_png(to_rgb8(read_image(layout.raw / record.image), params.low, params.high), folder / done.image)
            write_labels(labels, folder / done.labels, pixel_size=record.pixel_size)
            if (ignored := read_ignored(layout.raw, record)) is not None:
                write_png(ignored.astype(np.uint8) * 255, folder / done.ignored)
            write_palette_png(classes.encode(labels), _PALETTE, folder / f"targets/{record.id}.png")
            prepared.append(done)
        write_manifest(prepared, layout.manifest(folder))
