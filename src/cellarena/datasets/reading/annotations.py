"""Reading what annotates an image: one label image, or one binary mask per object."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cellarena.datasets.labels.kinds import LABEL_KINDS
from cellarena.datasets.labels.object_masks import place_masks
from cellarena.datasets.layouts.pairs import Pair
from cellarena.datasets.reading.image_files import promised_format, refuse_misnamed
from cellarena.datasets.sources.spec import Acquisition
from cellarena.images.io import LabelImage, read_numbers
from cellarena.images.picture import Choice, Image, Picture


@dataclass(frozen=True)
class Annotation:
    """What annotates an image.

    Attributes:
        labels: (H, W) integers, never narrowed; 0 is background.
        ignored: (H, W) bool, where nobody annotated; None if all of it was.
    """

    labels: LabelImage
    ignored: npt.NDArray[np.bool_] | None = None


def read_annotation(root: Path, pair: Pair, acquisition: Acquisition) -> Annotation:
    """Return what annotates the image of a pair.

    Raises:
        FileNotFoundError: if a file is gone.
        ValueError: if a file is damaged, misnamed or no label image of the kind `acquisition.labels`; it is named.
        SecurityError: if a file declares more than `acquisition.max_pixels` pixels.
    """
    choice = Choice(acquisition.max_pixels)
    if pair.kind == "masks":
        return Annotation(place_masks((path, _mask(root, path, choice)) for path in pair.labels))
    path = pair.labels[0]
    picture = _read(root / path, choice)
    try:
        return _annotation(picture, acquisition)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _annotation(picture: Picture, acquisition: Acquisition) -> Annotation:
    kind = LABEL_KINDS[acquisition.labels]
    numbers = kind.numbers(picture)
    ignored = np.zeros(numbers.shape, bool) if acquisition.ignore is None else numbers == acquisition.ignore
    nothing = ignored if acquisition.background == 0 else ignored | (numbers == acquisition.background)
    found = np.where(nothing, 0, numbers).astype(numbers.dtype) if nothing.any() else numbers
    return Annotation(kind.objects(found), ignored if ignored.any() else None)


def _mask(root: Path, path: str, choice: Choice) -> Image:
    picture = _read(root / path, choice)
    if picture.is_lossy:
        raise ValueError(f"{path}: a mask as JPEG or another compression with loss; export it as PNG or without loss")
    return picture.pixels


def _read(path: Path, choice: Choice) -> Picture:
    """Return the numbers of a file; a JPEG's are never those that were stored."""
    refuse_misnamed(path)
    picture = read_numbers(path, choice)
    return replace(picture, is_lossy=picture.is_lossy or promised_format(path) == "JPEG")
