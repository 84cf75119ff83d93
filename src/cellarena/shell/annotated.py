"""Annotated images in memory, as training and tuning need them."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cellarena.datasets.cropping.annotated_part import annotated_window
from cellarena.images.io import LabelImage, read_image
from cellarena.images.picture import Image
from cellarena.records import Record

if TYPE_CHECKING:
    from cellarena.datasets.cropping.crops import Annotated


def annotated(folder: Path, records: Iterable[Record]) -> "list[Annotated]":
    """Return the images of records, whose paths are relative to a folder, with their labels."""
    from cellarena.datasets.cropping.crops import Annotated

    return [
        Annotated(read_image(folder / r.image), read_image(folder / r.labels), r.modality, read_ignored(folder, r))
        for r in records
    ]


def read_ignored(folder: Path, record: Record) -> npt.NDArray[np.bool_] | None:
    """Return (H, W) where nobody annotated a record's image, None if all of it was.

    Raises:
        FileNotFoundError: if the file that says so is gone.
        ValueError: if it is damaged or of another size than the record.
    """
    if not record.ignored:
        return None
    path = folder / record.ignored
    ignored: npt.NDArray[np.bool_] = read_image(path) > 0
    if ignored.shape != (record.height, record.width):
        raise ValueError(f"{path}: shape {ignored.shape}, expected {(record.height, record.width)}; run `dvc repro`")
    return ignored


def annotated_part(folder: Path, record: Record) -> tuple[Image, LabelImage]:
    """Return a record's image and labels, cut to a part that was annotated whole where some of it was not.

    Raises:
        FileNotFoundError: if a file is gone.
        ValueError: if a file is damaged or no part was annotated whole.
    """
    image, labels = read_image(folder / record.image), read_image(folder / record.labels)
    ignored = read_ignored(folder, record)
    if ignored is None or image.shape[:2] != ignored.shape or labels.shape != ignored.shape:
        return image, labels
    try:
        window = annotated_window(ignored)
    except ValueError as error:
        raise ValueError(f"{folder / record.ignored}: {error}; take the image out") from error
    return image[window], labels[window]


def files_of(record: Record) -> tuple[str, ...]:
    """Return the paths of image, labels and, if there is one, of the image of what nobody annotated."""
    return tuple(path for path in (record.image, record.labels, record.ignored) if path)
