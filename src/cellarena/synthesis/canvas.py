"""A label image in the making: where a shape fits, how near it comes to its neighbours, what the frame shows of it."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cellarena.images.labels import consecutive
from cellarena.synthesis.arrangements import GRID, TOUCHING, grid_cell
from cellarena.synthesis.pieces import Region, in_one_piece, largest_piece

REACH = 64
"""Pixels; how far from an object distances to it are known."""
FRAME = 2
"""Pixels; an object that reaches into the outermost ones of so many rows or columns is cut."""
_HIDDEN = 0.25
"""The share of a shape that those it touches may hide."""
_MOST_POINTS = 80
_DIRECTIONS = 18

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Piece:
    """A shape to be placed.

    Attributes:
        region: (h, w) one piece.
        points: (n, 2) pixels of its outline, at most 80, and some of its inside.
        outline_share: which share of the outline's pixels the points of the outline are.
        n_outline: how many points are of the outline; they come first.
        centre: (2,) its centre of mass.
        summed: (h + 1, w + 1) number of pixels above and to the left.
    """

    region: Region
    points: Ints
    outline_share: float
    n_outline: int
    centre: Floats
    summed: Ints

    @property
    def radius(self) -> float:
        """That of the disc of its area, in pixels."""
        return float(np.sqrt(self.summed[-1, -1] / np.pi))


def piece(region: Region) -> Piece:
    """Return a shape with what placing it needs."""
    inside = ndimage.binary_erosion(region)
    outline, core = np.argwhere(region & ~inside), np.argwhere(inside)
    every = -(-len(outline) // _MOST_POINTS)
    within = core[:: max(1, len(core) // 16)]
    chosen = outline[::every]
    return Piece(
        region=region,
        points=np.concatenate([chosen, within]),
        outline_share=len(chosen) / len(outline),
        n_outline=len(chosen),
        centre=np.argwhere(region).mean(axis=0),
        summed=np.pad(region.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0))),
    )


@dataclass(frozen=True, eq=False)
class Spots:
    """Places at which a piece could lie, each by the canvas' row and column of its top left corner.

    Attributes:
        corners: (n, 2).
        gaps: (n,) distance to the nearest object, at most REACH.
        visible: (n,) pixels in the frame.
        cut: (n,) whether it reaches into the frame's outermost rows or columns.
        cells: (n, 2) cell of the grid that its centre lies in.
    """

    corners: Ints
    gaps: Floats
    visible: Ints
    cut: npt.NDArray[np.bool_]
    cells: Ints


def joined(parts: Sequence[Spots]) -> Spots:
    """Return the places of at least one part after another."""
    return Spots(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Spots)))


class Canvas:
    """A frame with a margin, in which objects are placed one after another; those placed before lie on top."""

    def __init__(self, size: tuple[int, int], margin: int) -> None:
        self.size, self.margin = size, margin
        shape = (size[0] + 2 * margin, size[1] + 2 * margin)
        self.labels = np.zeros(shape, np.int32)
        self.distance = np.full(shape, REACH, np.float32)
        self.barred = np.zeros(shape, bool)
        """Where an object would touch one that touches none."""
        self.centres: list[Floats] = []
        self.radii: list[float] = []
        self.counts = np.zeros((GRID, GRID), np.int64)

    def spots(self, piece: Piece, corners: Ints, gaps: Floats) -> Spots:
        """Return what is to be known of places, of those at which the frame shows the piece."""
        low = np.clip(self.margin - corners, 0, piece.region.shape)
        high = np.clip(self.margin + np.array(self.size) - corners, 0, piece.region.shape)
        summed = piece.summed
        visible = (
            summed[high[:, 0], high[:, 1]] - summed[low[:, 0], high[:, 1]]
            - summed[high[:, 0], low[:, 1]] + summed[low[:, 0], low[:, 1]]
        )  # fmt: skip
        begin, end = corners - self.margin, corners - self.margin + np.array(piece.region.shape)
        cut = ((begin < FRAME) | (end > np.array(self.size) - FRAME)).any(axis=1)
        cells = grid_cell(begin + piece.centre, self.size)
        seen = visible > 0
        return Spots(corners[seen], gaps[seen], visible[seen], cut[seen], cells[seen])

    def anywhere(self, piece: Piece, n: int, gap: float, rng: np.random.Generator) -> Spots:
        """Return those of `n` random places, with the centre in the frame, that are a gap away from all objects."""
        centres = self.margin + rng.uniform(0, 1, (n, 2)) * np.array(self.size)
        corners = np.rint(centres - piece.centre).astype(np.int64)
        nearest, barred = self._look(piece, corners)
        gaps = nearest.min(axis=-1)
        free = (gaps >= min(gap, REACH) - 0.01) & ~barred.any(axis=-1)
        return self.spots(piece, corners[free], gaps[free])

    def beside(self, piece: Piece, other: int, gap: float, rng: np.random.Generator) -> Spots:
        """Return places around an object, the nearest in each of many directions with a gap to all objects."""
        corners = self._rays(piece, other, gap, rng)
        nearest, barred = self._look(piece, corners)
        gaps = nearest.min(axis=-1)
        free = (gaps >= min(gap, REACH) - 0.01) & ~barred.any(axis=-1)
        chosen = np.arange(len(free)), free.argmax(axis=1)
        found = free[chosen]
        return self.spots(piece, corners[chosen][found], gaps[chosen][found])

    def touching(self, piece: Piece, other: int, contact: float, rng: np.random.Generator) -> Spots:
        """Return places at which a piece touches an object, partly under it: the contact is about as long as wanted."""
        corners = self._rays(piece, other, 1, rng)
        nearest, barred = self._look(piece, corners)
        length = (nearest[..., : piece.n_outline] < TOUCHING).sum(axis=-1) / piece.outline_share
        hidden = (nearest == 0).mean(axis=-1)
        possible = (length > 0) & (hidden < 2 * _HIDDEN) & ~barred.any(axis=-1)
        misfit = np.where(possible, np.abs(length - contact), np.inf)
        chosen = np.arange(len(misfit)), misfit.argmin(axis=1)
        found = possible[chosen]
        return self.spots(piece, corners[chosen][found], np.ones(int(found.sum())))

    def _rays(self, piece: Piece, other: int, gap: float, rng: np.random.Generator) -> Ints:
        """Return (n directions, n steps, 2) corners at which a piece lies ever farther from an object."""
        reach = float(np.hypot(*piece.region.shape)) / 2
        radius = self.radii[other]
        first = max(gap, 0.3 * (radius + piece.radius)) if gap <= REACH else gap + 0.8 * (radius + piece.radius)
        steps = np.arange(first, gap + 1.8 * radius + 1.3 * reach + 4)
        angles = rng.uniform(0, 2 * np.pi) + np.linspace(0, 2 * np.pi, _DIRECTIONS, endpoint=False)
        ways = np.stack([np.sin(angles), np.cos(angles)], axis=-1)
        centres = self.centres[other] + steps[None, :, None] * ways[:, None, :]
        return np.asarray(np.rint(centres - piece.centre).astype(np.int64))

    def _look(self, piece: Piece, corners: Ints) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
        """Return the distance to the nearest object, and what is barred, at each point of a piece at each place."""
        shape = np.array(self.labels.shape)
        outside = ((corners < 0) | (corners + np.array(piece.region.shape) > shape)).any(axis=-1)
        kept = np.clip(corners, 0, np.maximum(shape - np.array(piece.region.shape), 0))
        width = self.labels.shape[1]
        index = (kept @ np.array([width, 1]))[..., None] + piece.points @ np.array([width, 1])
        return self.distance.ravel()[index], self.barred.ravel()[index] | outside[..., None]

    def shown(self, piece: Piece, corner: Ints, touches: bool) -> Region | None:
        """Return what objects on top leave of a piece, or None if it doesn't fit there as intended."""
        window = self._window(piece.region.shape, corner)
        covered = self.labels[window] > 0
        if (self.barred[window] & piece.region).any():
            return None
        left = largest_piece(piece.region & ~covered)
        n_left, n_pixels = int(left.sum()), int(piece.summed[-1, -1])
        if n_left == 0 or n_left < (1 - _HIDDEN) * n_pixels:
            return None
        return left if (self.distance[window][left].min() < TOUCHING) == touches else None

    def put(self, region: Region, corner: Ints, alone: bool) -> None:
        """Place an object; one that is alone keeps all later ones from touching it."""
        window = self._window(region.shape, corner)
        self.labels[window][region] = len(self.centres) + 1
        centre = np.argwhere(region).mean(axis=0) + corner
        self.centres.append(centre)
        self.radii.append(float(np.sqrt(region.sum() / np.pi)))
        self.counts[tuple(grid_cell(centre - self.margin, self.size))] += 1
        around = tuple(
            slice(max(0, part.start - REACH), min(size, part.stop + REACH))
            for part, size in zip(window, self.labels.shape, strict=True)
        )
        away = ndimage.distance_transform_edt(self.labels[around] != len(self.centres))
        np.minimum(self.distance[around], away, out=self.distance[around], casting="same_kind")
        if alone:
            self.barred[around] |= away < TOUCHING

    def finished(self) -> npt.NDArray[np.int32]:
        """Return the frame's (H, W) label image: consecutive labels, each one 4-connected piece."""
        rows, columns = (slice(self.margin, self.margin + side) for side in self.size)
        return consecutive(in_one_piece(self.labels[rows, columns])).astype(np.int32)

    @staticmethod
    def _window(shape: tuple[int, ...], corner: Ints) -> tuple[slice, slice]:
        top, left = corner.tolist()
        return slice(top, top + shape[0]), slice(left, left + shape[1])
