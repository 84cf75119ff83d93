"""Annotated images in memory, as training and tuning need them."""

from typing import TYPE_CHECKING

from cellarena.images.io import read_image
from cellarena.records import Record
from cellarena.stages._project import Project

if TYPE_CHECKING:
    from cellarena.datasets.loading import Annotated


def annotated(project: Project, records: list[Record]) -> "list[Annotated]":
    """Return the preprocessed images of records with their labels."""
    from cellarena.datasets.loading import Annotated

    folder = project.layout.preprocessed
    return [Annotated(read_image(folder / r.image), read_image(folder / r.labels), r.modality) for r in records]
