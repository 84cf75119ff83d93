"""What layouts are made from: the cells' shapes, and how the cells lie, of the training images that may be known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from cellarena.images.io import LabelImage
from cellarena.images.labels import border_labels, consecutive
from cellarena.synthesis.arrangements import Arrangement, arrangement, windows
from cellarena.synthesis.generators.spec import Example
from cellarena.synthesis.pieces import Region, cropped, largest_piece

LARGEST_SIDE = 320
"""Pixels; of an image with a longer side, windows are imitated."""
_SHAPES_PER_IMAGE = 300


@dataclass(frozen=True, eq=False)
class Shape:
    """A cell's shape: (h, w) one 4-connected piece that reaches all four sides, and the record that it comes from."""

    donor: str
    region: Region
    area: int


@dataclass(frozen=True, eq=False)
class Donor:
    """What a training image gives to layouts.

    Attributes:
        id: of its record.
        shapes: of its cells that the frame does not cut, at most 300 from all over the image.
        arrangements: of the windows that it is divided into; empty windows are left out of an image that is not empty.
    """

    id: str
    shapes: tuple[Shape, ...]
    arrangements: tuple[Arrangement, ...]


@dataclass(frozen=True, eq=False)
class ShapeBank:
    """Donors by modality, each modality's in the order of their ids.

    An image without objects is a donor only where its modality has no other.
    """

    donors: dict[str, tuple[Donor, ...]]


def shape_bank(examples: Sequence[Example], largest_side: int = LARGEST_SIDE) -> ShapeBank:
    """Return the shapes and arrangements of training images.

    A modality in which the frame cuts every object gives the cut shapes: there are no others.

    Args:
        examples: annotated images; their pixels are not looked at.
        largest_side: of layouts, in pixels, at least 1.

    Raises:
        ValueError: if there is no example, or an id comes twice.
    """
    if not examples:
        raise ValueError("there is no training image to take cell shapes from; raise the generator's share")
    ids = [example.id for example in examples]
    if len(set(ids)) < len(ids):
        raise ValueError(f"the training images hold the id {max(ids, key=ids.count)} twice")
    by_modality: dict[str, list[Example]] = {}
    for example in sorted(examples, key=lambda e: e.id):
        by_modality.setdefault(example.modality, []).append(example)
    return ShapeBank({name: _donors(members, largest_side) for name, members in sorted(by_modality.items())})


def _donors(examples: Sequence[Example], largest_side: int) -> tuple[Donor, ...]:
    filled = [example for example in examples if example.labels.any()] or examples
    inner = [_shapes(e.id, e.labels, border_labels(e.labels)) for e in filled]
    if not any(inner):
        inner = [_shapes(e.id, e.labels, np.zeros(0, np.int64)) for e in filled]
    return tuple(
        Donor(example.id, shapes, _arrangements(example.labels, largest_side))
        for example, shapes in zip(filled, inner, strict=True)
    )


def _shapes(donor: str, labels: LabelImage, unwanted: LabelImage) -> tuple[Shape, ...]:
    """Return the shapes of a label image's objects, without the unwanted labels, each in its largest piece."""
    numbered = consecutive(np.where(np.isin(labels, unwanted), 0, labels)).astype(np.int64)
    found = list(enumerate(ndimage.find_objects(numbered), start=1))
    every = max(1, -(-len(found) // _SHAPES_PER_IMAGE))
    regions = (cropped(largest_piece(numbered[window] == label)) for label, window in found[::every])
    return tuple(Shape(donor, region, int(region.sum())) for region in regions)


def _arrangements(labels: LabelImage, largest_side: int) -> tuple[Arrangement, ...]:
    parts = [labels[window] for window in windows(labels.shape, largest_side)]
    return tuple(arrangement(part) for part in parts if part.any()) or (arrangement(parts[0]),)
