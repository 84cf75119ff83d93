"""Stage floor: the label images of the classical method that a learned one has to beat."""

import click

from cellarena.images.classical import otsu_watershed
from cellarena.stages._predictions import write_predictions
from cellarena.stages._project import Project


@click.command()
@click.pass_obj
def floor(project: Project) -> None:
    """Segment every test image by Otsu's threshold and a distance watershed."""
    write_predictions(project, project.params.floor_run, otsu_watershed)
