"""Annotated images in memory, as training and tuning need them."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from cellarena.images.io import read_image
from cellarena.records import Record

if TYPE_CHECKING:
    from cellarena.datasets.loading import Annotated


def annotated(folder: Path, records: Iterable[Record]) -> "list[Annotated]":
    """Return the images of records, whose paths are relative to a folder, with their labels."""
    from cellarena.datasets.loading import Annotated

    return [Annotated(read_image(folder / r.image), read_image(folder / r.labels), r.modality) for r in records]
