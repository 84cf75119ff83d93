"""Reading one pair of files into an image and what annotates it, and saying what is wrong with it."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from cellarena.datasets.layouts.pairs import Pair
from cellarena.datasets.reading.annotations import Annotation, read_annotation
from cellarena.datasets.reading.channel_files import stacked
from cellarena.datasets.reading.image_files import refuse_misnamed
from cellarena.datasets.sources.spec import Acquisition
from cellarena.images.io import read_picture
from cellarena.images.picture import Choice, Picture


def read_pair(root: Path, pair: Pair, acquisition: Acquisition) -> tuple[Picture, Annotation]:
    """Return the image of a pair and what annotates it.

    Args:
        root: the folder that the pair's paths are relative to.
        pair: an image and its label image, or its binary masks, one per object; none says that there is no object.
        acquisition: what is wanted of the files, and what the numbers of label images mean.

    Raises:
        ValueError: if a file is damaged or misnamed, the image holds NaN, the labels are no label image, or sizes
            differ; every problem of the pair is a line of the message.
        SecurityError: if a file declares more than `acquisition.max_pixels` pixels.
    """
    problems = []
    picture = annotation = None
    try:
        picture = _read_image(root, pair, acquisition.choice)
    except ValueError as error:
        problems.append(_relative(error, root))
    try:
        if pair.labels:
            annotation = read_annotation(root, pair, acquisition)
        elif picture:
            annotation = Annotation(np.zeros(picture.pixels.shape[:2], np.uint8))
    except ValueError as error:
        problems.append(_relative(error, root))
    if picture and annotation and picture.pixels.shape[:2] != annotation.labels.shape:
        problems.append(_size_mismatch(pair, picture.pixels.shape[:2], annotation.labels.shape))
    if picture is None or annotation is None or problems:
        raise ValueError("\n".join(problems))
    return picture, annotation


def _read_image(root: Path, pair: Pair, choice: Choice) -> Picture:
    if len(pair.images) == 1:
        return read_finite(root / pair.image, choice)
    return stacked([(path, read_finite(root / path, replace(choice, channels=()))) for path in pair.images], choice)


def read_finite(path: Path, choice: Choice) -> Picture:
    """Return what `read_picture` does, if the content of the file is what its suffix says, whole and finite.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it cannot be read, is of another format than its name says, or holds NaN or infinity.
        SecurityError: if the header declares more than `choice.max_pixels` pixels.
    """
    refuse_misnamed(path)
    picture = read_picture(path, choice)
    pixels = picture.pixels
    if pixels.dtype.kind not in "biuf":
        raise ValueError(f"{path}: pixels of type {pixels.dtype}; save them as integers or real numbers")
    if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
        n_undefined = int(np.count_nonzero(~np.isfinite(pixels)))
        raise ValueError(f"{path}: {n_undefined} pixel values are NaN or infinite; replace them")
    return picture


def _size_mismatch(pair: Pair, image: tuple[int, ...], labels: tuple[int, ...]) -> str:
    turned = "; one of them is turned: export both upright" if image == labels[::-1] else ""
    hint = turned or "; export the labels at the image's size"
    return f"{pair.labels[0]}: labels are {labels[0]} x {labels[1]}, {pair.image} is {image[0]} x {image[1]}{hint}"


def _relative(error: ValueError, root: Path) -> str:
    return str(error).replace(f"{root}/", "")
