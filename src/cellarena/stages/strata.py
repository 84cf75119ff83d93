"""Stage strata: the bounds between classes of objects, from the train subset."""

import click

from cellarena.evaluation.errors.strata import BOUNDS, bounds
from cellarena.images.io import read_image
from cellarena.records import read_manifest
from cellarena.shell.project import Project
from cellarena.shell.running import progress


@click.command()
@click.pass_obj
def strata(project: Project) -> None:
    """Measure the annotated objects of the train subset: which are small, of low contrast, crowded."""
    layout = project.layout
    records = read_manifest(layout.subset("train"))
    annotated = (
        (read_image(layout.preprocessed / r.image), read_image(layout.preprocessed / r.labels), r.n_annotated)
        for r in progress(records, "measuring objects", len(records))
    )
    BOUNDS.write(bounds(annotated, project.params.analyze.strata), layout.strata)
