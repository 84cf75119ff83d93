"""What layouts are made from: the cells' shapes, and how the cells lie, of the training images that may be known."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cellarena.images.io import LabelImage
from cellarena.images.labels import border_labels, consecutive, inner_boundary
from cellarena.synthesis.arrangements import Arrangement, arrangement, windows
from cellarena.synthesis.generators.spec import Example
from cellarena.synthesis.moments import moments
from cellarena.synthesis.pieces import Region, cropped, largest_piece

LARGEST_SIDE = 320
"""Pixels; of an image with a longer side, windows are imitated."""
_SHAPES_PER_IMAGE = 300
_HIDDEN = 0.1
"""Share of the outline; a cell of which a neighbour hides more looks bitten when it lies elsewhere."""


@dataclass(frozen=True, eq=False)
class Shape:
    """A cell's shape.

    Attributes:
        donor: id of the record that it comes from.
        region: (h, w) one 4-connected piece that reaches all four sides.
        area: its pixels.
        angle: of its long axis, as in `Moments`.
        elongation: length over width.
    """

    donor: str
    region: Region
    area: int
    angle: float
    elongation: float


@dataclass(frozen=True, eq=False)
class Donor:
    """What a training image gives to layouts.

    Attributes:
        id: of its record.
        shapes: of its cells, largely whole ones, at most 300 from all over the image.
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

    Shapes that the frame cuts, or neighbours hide more than others of the modality, are left out. Only where the frame
    cuts every object of a modality the cut shapes are taken: there are no others.

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
    objects = [_objects(example.labels) for example in filled]
    usable = [~found.cut for found in objects]
    if not any(choice.any() for choice in usable):
        usable = [np.ones(len(found.cut), bool) for found in objects]
    hidden = np.concatenate([found.hidden[choice] for found, choice in zip(objects, usable, strict=True)])
    most = max(_HIDDEN, float(np.median(hidden))) if len(hidden) else 0.0
    return tuple(
        Donor(
            example.id,
            tuple(_shapes(example.id, found.numbered, np.flatnonzero(choice & (found.hidden <= most)) + 1)),
            _arrangements(example.labels, largest_side),
        )
        for example, found, choice in zip(filled, objects, usable, strict=True)
    )


@dataclass(frozen=True, eq=False)
class _Objects:
    """The objects 1..n of a label image: whether the frame cuts each, which share of its outline a neighbour hides."""

    numbered: npt.NDArray[np.int64]
    cut: npt.NDArray[np.bool_]
    hidden: npt.NDArray[np.float64]


def _objects(labels: LabelImage) -> _Objects:
    numbered = consecutive(labels).astype(np.int64)
    n = int(numbered.max())
    cut = np.isin(np.arange(1, n + 1), border_labels(numbered))
    outline = np.bincount(numbered[inner_boundary(numbered)], minlength=n + 1)[1:]
    neighbouring = np.zeros(numbered.shape, bool)
    for axis in (0, 1):
        rows, others = (np.moveaxis(array, axis, 0) for array in (numbered, neighbouring))
        meeting = (rows[1:] != rows[:-1]) & (rows[1:] > 0) & (rows[:-1] > 0)
        others[1:] |= meeting
        others[:-1] |= meeting
    beside = np.bincount(numbered[neighbouring], minlength=n + 1)[1:]
    return _Objects(numbered, cut, beside / np.maximum(outline, 1))


def _shapes(donor: str, numbered: npt.NDArray[np.int64], wanted: npt.NDArray[np.int64]) -> Iterator[Shape]:
    """Yield the shapes of the wanted labels of a label image, each in its largest piece."""
    boxes = ndimage.find_objects(numbered)
    every = max(1, -(-len(wanted) // _SHAPES_PER_IMAGE))
    for label in wanted[::every].tolist():
        region = cropped(largest_piece(numbered[boxes[label - 1]] == label))
        form = moments(region.astype(np.int64), 1)
        yield Shape(donor, region, int(region.sum()), float(form.angles[0]), float(form.elongations[0]))


def _arrangements(labels: LabelImage, largest_side: int) -> tuple[Arrangement, ...]:
    parts = [labels[window] for window in windows(labels.shape, largest_side)]
    return tuple(arrangement(part) for part in parts if part.any()) or (arrangement(parts[0]),)
