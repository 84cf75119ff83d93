"""What the numbers of label images mean: from a file's numbers to one number per object, by the kind that was named."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cellarena.datasets.labels.checks import ALL_CHECKS, DERIVED_CHECKS, Check
from cellarena.datasets.labels.evidence import recycled
from cellarena.images.io import LabelImage
from cellarena.images.labels import consecutive
from cellarena.images.picture import Image, Picture

_RGB, _ALPHA = 3, 4


@dataclass(frozen=True)
class LabelKind:
    """How one kind of label image is read."""

    numbers: Callable[[Picture], LabelImage]
    """What a file gives as (H, W) integers, at least 0; also those of background and of what nobody annotated."""
    objects: Callable[[LabelImage], LabelImage]
    """Those numbers, with 0 for all that is no object, as one number per object."""
    checks: tuple[Check, ...]
    """What is asked of all label images of a set."""


def as_label_image(pixels: Image) -> LabelImage:
    """Return an array as (H, W) label image, unchanged except that whole-numbered floats become int64.

    Raises:
        ValueError: if it is RGB, bool, or has fractions, NaN or negative numbers. The message says what it is and
            how to make labels of it; it names no file.
    """
    if pixels.ndim != 2:
        way_out = "set acquire.labels: colours to make an object of each separate piece of a colour, or save them 2-D"
        raise ValueError(f"labels are RGB, shape {pixels.shape}; {way_out}")
    if pixels.dtype == bool:
        way_out = "set acquire.labels: binary to make an object of each separate piece"
        raise ValueError(f"labels are binary (bool); {way_out}")
    labels = pixels if np.issubdtype(pixels.dtype, np.integer) else _whole(pixels)
    if labels.dtype.kind == "i" and labels.size and labels.min() < 0:
        raise ValueError(f"labels go down to {labels.min()}; objects are numbered from 1, background is 0")
    return labels


def separate_pieces(numbers: LabelImage) -> LabelImage:
    """Return (H, W) uint32 in which each 8-connected piece of one number but 0 is an object, numbered from 1."""
    from skimage.measure import label

    numbered = numbers.astype(np.uint8) if numbers.dtype == bool else consecutive(numbers)
    return np.asarray(label(numbered, background=0, connectivity=2), np.uint32)


def _one_number_each(numbers: LabelImage) -> LabelImage:
    if found := recycled(numbers):
        raise ValueError(found)
    return numbers


def _exact(picture: Picture) -> Image:
    if picture.is_lossy:
        raise ValueError(
            "labels as JPEG or another compression with loss, which changes numbers; export them as PNG or without loss"
            " (acquire.labels: unchecked takes the numbers as they stand)"
        )
    return picture.pixels


def _colour_numbers(picture: Picture) -> LabelImage:
    """Return colours as one number each, 256 x (256 x red + green) + blue; where nothing is opaque it is 0."""
    pixels = _counted(_exact(picture))
    if pixels.ndim == 2:
        return as_label_image(pixels)
    if pixels.shape[2] not in {_RGB, _ALPHA} or pixels.dtype.kind != "u":
        raise ValueError(f"labels have {pixels.shape[2]} channels of type {pixels.dtype}; save them 2-D or as RGB")
    red, green, blue = np.moveaxis(pixels[..., :_RGB].astype(np.int64), -1, 0)
    base = int(np.iinfo(pixels.dtype).max) + 1
    packed = (red * base + green) * base + blue
    return np.where(pixels[..., _RGB] == 0, 0, packed) if pixels.shape[2] == _ALPHA else packed


def _counted(pixels: Image) -> Image:
    """Return false and true as 0 and 1, other pixels as they are."""
    return pixels.astype(np.uint8) if pixels.dtype == bool else pixels


def _whole(pixels: Image) -> LabelImage:
    if not np.issubdtype(pixels.dtype, np.floating):
        raise ValueError(f"labels have type {pixels.dtype}; save them as integers")
    if not np.isfinite(pixels).all():
        raise ValueError("labels hold NaN or infinite values; save them as integers, 0 for background")
    fractions = pixels != np.rint(pixels)
    if fractions.any():
        raise ValueError(f"labels hold fractions such as {pixels[fractions][0]:.6g}; save one whole number per object")
    exact = 2.0 ** (np.finfo(pixels.dtype).nmant + 1)
    if pixels.size and pixels.max() > exact:
        raise ValueError(f"labels exceed {exact:.0f}, from where {pixels.dtype} merges numbers; save them as integers")
    return pixels.astype(np.int64)


LABEL_KINDS: dict[str, LabelKind] = {
    "instances": LabelKind(lambda picture: as_label_image(_exact(picture)), _one_number_each, ALL_CHECKS),
    "binary": LabelKind(_colour_numbers, lambda numbers: separate_pieces(numbers != 0), DERIVED_CHECKS),
    "pieces": LabelKind(lambda picture: as_label_image(_exact(picture)), separate_pieces, DERIVED_CHECKS),
    "colours": LabelKind(_colour_numbers, separate_pieces, DERIVED_CHECKS),
    "unchecked": LabelKind(lambda picture: as_label_image(_counted(picture.pixels)), lambda numbers: numbers, ()),
}
