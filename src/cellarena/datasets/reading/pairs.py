"""Reading one pair of files into an image and what annotates it, and saying what is wrong with it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cellarena.datasets.labels.kinds import LABEL_KINDS
from cellarena.datasets.labels.object_masks import place_masks
from cellarena.datasets.layouts.pairs import Pair
from cellarena.datasets.reading.image_files import FORMATS, read_finite, refuse_misnamed
from cellarena.datasets.sources.spec import Acquisition
from cellarena.images.channels import chosen, names_of
from cellarena.images.io import LabelImage, read_numbers
from cellarena.images.picture import Choice, Image, Picture


@dataclass(frozen=True)
class Annotation:
    """What annotates an image."""

    labels: LabelImage  # (H, W) integers, never narrowed; 0 is background
    ignored: npt.NDArray[np.bool_] | None = None  # (H, W), where nobody annotated; None if all of it was


def read_pair(root: Path, pair: Pair, acquisition: Acquisition) -> tuple[Picture, Annotation]:
    """Return the image of a pair and what annotates it.

    Args:
        root: the folder that the pair's paths are relative to.
        pair: an image and its label image, or its binary masks, one per object; none says that there is no object.
        acquisition: what is wanted of the files, and what the numbers of label images mean.

    Raises:
        ValueError: if a file is damaged or misnamed, the image holds NaN, the labels are no label image of the kind
            `acquisition.labels`, or sizes differ; every problem of the pair is a line of the message.
        SecurityError: if a file declares more than `acquisition.max_pixels` pixels.
    """
    problems = []
    picture = annotation = None
    try:
        picture = _read_image(root, pair, acquisition.choice)
    except ValueError as error:
        problems.append(str(error))
    try:
        if pair.labels:
            annotation = _read_annotation(root, pair, acquisition)
        elif picture:
            annotation = Annotation(np.zeros(picture.pixels.shape[:2], np.uint8))
    except ValueError as error:
        problems.append(str(error))
    if picture and annotation and (size := picture.pixels.shape[:2]) != (found := annotation.labels.shape):
        is_turned = size == found[::-1]
        way_out = "one of them is turned: export both upright" if is_turned else "export the labels at the image's size"
        sizes = f"labels are {found[0]} x {found[1]}, {pair.image} is {size[0]} x {size[1]}"
        problems.append(f"{pair.labels[0]}: {sizes}; {way_out}")
    if picture is None or annotation is None or problems:
        raise ValueError("\n".join(problems).replace(f"{root}/", ""))
    return picture, annotation


def _read_image(root: Path, pair: Pair, choice: Choice) -> Picture:
    if len(pair.images) == 1:
        return read_finite(root / pair.image, choice)
    return _stacked([(path, read_finite(root / path, replace(choice, channels=()))) for path in pair.images], choice)


def _stacked(files: Sequence[tuple[str, Picture]], choice: Choice) -> Picture:
    """Return the channels of several files, named and in order, as one picture; they are called 1, 2, 3, ..."""
    name, first = files[0]
    for other, picture in files:
        if picture.pixels.ndim != 2:
            raise ValueError(f"{other}: {picture.pixels.shape[2]} channels in a file of one channel; save it as grey")
        if picture.pixels.shape != first.pixels.shape:
            height, width = picture.pixels.shape
            raise ValueError(f"{other}: {height} x {width}, but {name} has another size; export them alike")
    names = names_of(len(files))
    try:
        numbers = chosen(names, choice)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    planes = [files[number][1].pixels for number in numbers]
    return Picture(
        planes[0] if len(planes) == 1 else np.dstack(planes),
        tuple(names[number] for number in numbers),
        first.pixel_size,
        any(picture.is_lossy for _, picture in files),
        sum(picture.n_alpha for _, picture in files),
    )


def _read_annotation(root: Path, pair: Pair, acquisition: Acquisition) -> Annotation:
    choice = Choice(acquisition.max_pixels)
    if pair.kind == "masks":
        return Annotation(place_masks((path, _mask(root, path, choice)) for path in pair.labels))
    kind, ignore, background = LABEL_KINDS[acquisition.labels], acquisition.ignore, acquisition.background
    picture = _read_numbers(root / pair.labels[0], choice)
    try:
        numbers = kind.numbers(picture)
        ignored = np.zeros(numbers.shape, bool) if ignore is None else numbers == ignore
        nothing = ignored if background == 0 else ignored | (numbers == background)
        found = np.where(nothing, 0, numbers).astype(numbers.dtype) if nothing.any() else numbers
        return Annotation(kind.objects(found), ignored if ignored.any() else None)
    except ValueError as error:
        raise ValueError(f"{pair.labels[0]}: {error}") from error


def _mask(root: Path, path: str, choice: Choice) -> Image:
    picture = _read_numbers(root / path, choice)
    if picture.is_lossy:
        raise ValueError(f"{path}: a mask as JPEG or another compression with loss; export it as PNG or without loss")
    return picture.pixels


def _read_numbers(path: Path, choice: Choice) -> Picture:
    """Return the numbers of a file; a JPEG's are never those that were stored."""
    refuse_misnamed(path)
    picture = read_numbers(path, choice)
    return replace(picture, is_lossy=picture.is_lossy or FORMATS.get(path.suffix.lower()) == "JPEG")
