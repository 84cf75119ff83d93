"""Reading what annotates an image: one label image, or one binary mask per object."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cellarena.datasets.files import promised_format, refuse_misnamed
from cellarena.datasets.label_checks import as_label_image, place_masks
from cellarena.datasets.layouts import Pair
from cellarena.datasets.sources.spec import Acquisition
from cellarena.images.io import LabelImage, read_numbers
from cellarena.images.picture import Choice, Picture


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
        ValueError: if a file is damaged, misnamed or no label image; the file is named.
        SecurityError: if a file declares more than `acquisition.max_pixels` pixels.
    """
    for path in pair.labels:
        if promised_format(Path(path)) == "JPEG":
            raise ValueError(f"{path}: labels as JPEG, which changes values; export them as PNG or TIFF")
    choice = Choice(acquisition.max_pixels)
    if pair.kind == "masks":
        return Annotation(place_masks((path, _numbers(root / path, choice).pixels) for path in pair.labels))
    path = pair.labels[0]
    numbers = _numbers(root / path, choice)
    try:
        return Annotation(as_label_image(numbers.pixels))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _numbers(path: Path, choice: Choice) -> Picture:
    refuse_misnamed(path)
    return read_numbers(path, choice)
