"""New label images, composed of the shapes of known cells and crowded as known images are."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cellarena.synthesis.arrangements import Arrangement
from cellarena.synthesis.canvas import REACH, Canvas, Piece, Spots, joined, piece
from cellarena.synthesis.pieces import Region, vary
from cellarena.synthesis.shape_bank import Donor, Shape, ShapeBank

_ALIKE = 8
"""Images, the imitated one among them, whose shapes a layout is made of; more where they have few shapes."""
_ENOUGH_SHAPES = 60
_SIMILAR = 10
"""Shapes, nearest in size to the one imitated, of which one is drawn."""
_UNEVEN = 0.2
"""Standard deviation, in radians, of the angle between a shape's long axis and that of the object it imitates."""
_SHAPES_TRIED = 3
_OTHERS_TRIED = 6
_PLACES_TRIED = 150


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
    """Return an arrangement as a mirror shows it, or two, or none."""
    down, right = (int(step) for step in rng.choice((-1, 1), 2))
    return replace(wanted, crowding=wanted.crowding[::down, ::right], angles=wanted.angles * down * right)


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
    areas, elongations = (np.array([getattr(shape, name) for shape in shapes]) for name in ("area", "elongation"))
    placed: dict[int, int] = {}
    for number in range(len(wanted.areas)):
        target = number if not wanted.cut[number] else _whole(wanted, number, rng)
        misfit = np.abs(np.log(areas / wanted.areas[target]))
        misfit += 0.5 * np.abs(np.log(elongations / wanted.elongations[target]))
        similar = np.argsort(misfit, kind="stable")[:_SIMILAR]
        for _ in range(_SHAPES_TRIED):
            shape = shapes[int(rng.choice(similar))]
            changed = _changed(shape, float(wanted.angles[target]), rng)
            if _place(canvas, wanted, number, placed, piece(changed), rng):
                placed[number] = len(canvas.centres) - 1
                yield shape.donor
                break


def _whole(wanted: Arrangement, number: int, rng: np.random.Generator) -> int:
    """Return the number of an object that the frame does not cut, as large at least as a cut one shows itself.

    How large a cut cell is beyond the frame is unknown; where all larger objects are cut, it stands for itself.
    """
    larger = np.flatnonzero(~wanted.cut & (wanted.areas >= wanted.areas[number]))
    return int(rng.choice(larger)) if len(larger) else number


def _changed(shape: Shape, angle: float, rng: np.random.Generator) -> Region:
    """Return a changed copy of a shape, mirrored or not, whose long axis has about a given angle."""
    mirror = 1 if rng.random() < 0.5 else -1
    turn = angle - mirror * shape.angle + rng.normal(0, _UNEVEN) + np.pi * int(rng.integers(2))
    return vary(shape.region[:, ::mirror], turn, rng)


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
        if contact and others:
            for other in others:
                yield canvas.touching(shape, other, contact, rng), strict
        else:
            around = [canvas.beside(shape, other, gap, rng) for other in others[:1]]
            yield joined([*around, canvas.anywhere(shape, _PLACES_TRIED, max(gap, 2.0), rng)]), strict
    if not contact or not others:
        yield canvas.anywhere(shape, 2 * _PLACES_TRIED, 2.0, rng), False


def _ranked(
    canvas: Canvas, wanted: Arrangement, number: int, spots: Spots, strict: bool, rng: np.random.Generator
) -> list[int]:
    """Return the indices of the best places, best first."""
    surplus = (canvas.counts - wanted.crowding)[tuple(spots.cells.T)]
    cost = np.maximum(surplus + 1, 0) + 0.5 * rng.random(len(spots.gaps))
    gap = min(float(wanted.gaps[number]), REACH)
    cost += np.abs(spots.gaps - gap) / max(4.0, gap / 3)
    if wanted.cut[number]:
        cost += 2 * np.abs(np.log(spots.visible / wanted.areas[number]))
    fits = spots.cut == wanted.cut[number]
    order = np.argsort(cost + np.where(fits, 0, 100), kind="stable")[:5]
    return [int(spot) for spot in order if fits[spot] or not strict]
