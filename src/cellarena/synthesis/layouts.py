"""New label images, composed of the shapes of known cells and crowded as known images are."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cellarena.synthesis.arrangements import Arrangement
from cellarena.synthesis.canvas import REACH, Canvas, Piece, Spots, piece
from cellarena.synthesis.pieces import vary
from cellarena.synthesis.shape_bank import Donor, Shape, ShapeBank

_ALIKE = 8
"""Images, the imitated one among them, whose shapes a layout is made of; more where they have few shapes."""
_ENOUGH_SHAPES = 60
_SIMILAR = 10
"""Shapes, nearest in size to the one imitated, of which one is drawn."""
_SHAPES_TRIED = 3
_OTHERS_TRIED = 6


@dataclass(frozen=True, eq=False)
class LabelLayout:
    """A synthetic label image.

    Attributes:
        labels: (H, W) int32 label image; labels are consecutive, each object is one 4-connected piece.
        modality: whose shapes and arrangement it shows.
        donors: sorted ids of the training images that its shapes and its arrangement come from.
    """

    labels: npt.NDArray[np.int32]
    modality: str
    donors: tuple[str, ...]


def compose_layout(bank: ShapeBank, modality: str, rng: np.random.Generator) -> LabelLayout:
    """Return a label image that imitates how the objects of one random training image, or a window of it, lie.

    As many objects as there, of like sizes and as far from one another, in new places and of changed shapes of
    several images. It has an object at least, unless the modality's images have none.

    Args:
        bank: of the known training images.
        modality: one of the bank's.
        rng: the layout's stream.

    Raises:
        ValueError: if the bank has no image of the modality.
    """
    if modality not in bank.donors:
        raise ValueError(f"no known training image is {modality}; known: {', '.join(bank.donors) or 'none'}")
    donors = bank.donors[modality]
    imitated = donors[int(rng.integers(len(donors)))]
    wanted = _mirrored(imitated.arrangements[int(rng.integers(len(imitated.arrangements)))], rng)
    shapes = _alike(donors, imitated)
    longest = max((float(np.hypot(*shape.region.shape)) for shape in shapes), default=0)
    canvas = Canvas(wanted.size, int(1.4 * longest) + 4)
    used = {imitated.id, *_fill(canvas, wanted, shapes, rng)}
    return LabelLayout(canvas.finished(), modality, tuple(sorted(used)))


def _mirrored(wanted: Arrangement, rng: np.random.Generator) -> Arrangement:
    """Return an arrangement whose crowded corners lie elsewhere."""
    rows, columns = (slice(None, None, int(step)) for step in rng.choice((-1, 1), 2))
    return replace(wanted, crowding=wanted.crowding[rows, columns])


def _alike(donors: tuple[Donor, ...], imitated: Donor) -> list[Shape]:
    """Return the shapes of the images whose objects are about as large as those of the imitated one, by area."""
    typical = {donor.id: _typical_area(donor) for donor in donors}
    nearest = sorted(donors, key=lambda donor: (abs(np.log(typical[donor.id] / typical[imitated.id])), donor.id))
    found: list[Shape] = []
    for n_images, donor in enumerate(nearest):
        if n_images >= _ALIKE and len(found) >= _ENOUGH_SHAPES:
            break
        found.extend(donor.shapes)
    return sorted(found, key=lambda shape: shape.area)


def _typical_area(donor: Donor) -> float:
    areas = np.concatenate([part.areas[~part.cut] if not part.cut.all() else part.areas for part in donor.arrangements])
    return float(np.median(areas)) if len(areas) else 1.0


def _fill(canvas: Canvas, wanted: Arrangement, shapes: list[Shape], rng: np.random.Generator) -> Iterator[str]:
    """Place the objects of an arrangement one after another; yield their donors."""
    areas = np.array([shape.area for shape in shapes])
    inner = wanted.areas[~wanted.cut]
    placed: dict[int, int] = {}
    for number in range(len(wanted.areas)):
        target = int(wanted.areas[number])
        if wanted.cut[number]:
            # How large a cut cell is beyond the frame is unknown: as large as one that shows as much at least.
            larger = inner[inner >= target]
            target = int(rng.choice(larger)) if len(larger) else target
        for _ in range(_SHAPES_TRIED):
            shape = _similar(shapes, areas, target, rng)
            if _place(canvas, wanted, number, placed, piece(vary(shape.region, rng)), rng):
                placed[number] = len(canvas.centres) - 1
                yield shape.donor
                break


def _similar(shapes: list[Shape], areas: npt.NDArray[np.int64], target: int, rng: np.random.Generator) -> Shape:
    """Return one of the shapes whose area is nearest to a target."""
    misfit = np.abs(np.log(areas / target))
    nearest = np.argsort(misfit, kind="stable")[:_SIMILAR]
    return shapes[int(rng.choice(nearest))]


def _place(
    canvas: Canvas, wanted: Arrangement, number: int, placed: dict[int, int], shape: Piece, rng: np.random.Generator
) -> bool:
    """Place one object near its parent, or else as near another one, or else where there is room."""
    touches = bool(wanted.contacts[number]) and bool(placed)
    for spots, strict in _options(canvas, wanted, number, placed, shape, rng):
        for spot in _ranked(canvas, wanted, number, spots, strict, rng):
            left = canvas.shown(shape, spots.corners[spot], touches)
            if left is not None:
                canvas.put(left, spots.corners[spot], alone=not wanted.touching[number])
                return True
    return False


def _options(
    canvas: Canvas, wanted: Arrangement, number: int, placed: dict[int, int], shape: Piece, rng: np.random.Generator
) -> Iterator[tuple[Spots, bool]]:
    """Yield places to try, and whether the frame has to cut the object there if and only if it cuts the imitated."""
    gap, contact = float(wanted.gaps[number]), float(wanted.contacts[number])
    others = rng.permutation(len(placed))[:_OTHERS_TRIED].tolist()
    parent = placed.get(int(wanted.parents[number]))
    if parent is not None:
        others = [parent, *others]
    for strict in (True, False):
        for other in others:
            if contact:
                yield canvas.touching(shape, other, contact, rng), strict
            else:
                yield canvas.beside(shape, other, gap, rng), strict
        if not contact or not placed:
            yield canvas.anywhere(shape, 100, max(gap, 2.0), rng), strict
    if not contact or not placed:
        yield canvas.anywhere(shape, 200, 2.0, rng), False


def _ranked(
    canvas: Canvas, wanted: Arrangement, number: int, spots: Spots, strict: bool, rng: np.random.Generator
) -> list[int]:
    """Return the indices of the best places, best first."""
    surplus = (canvas.counts - wanted.crowding)[tuple(spots.cells.T)]
    cost = np.maximum(surplus + 1, 0) + 0.5 * rng.random(len(spots.gaps))
    cost += np.abs(spots.gaps - min(float(wanted.gaps[number]), REACH)) / 4
    if wanted.cut[number]:
        cost += 2 * np.abs(np.log(spots.visible / wanted.areas[number]))
    fits = spots.cut == wanted.cut[number]
    order = np.argsort(cost + np.where(fits, 0, 100), kind="stable")[:5]
    return [int(spot) for spot in order if fits[spot] or not strict]
