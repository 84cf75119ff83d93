"""Objects in one piece, and changed copies of a cell's shape: turned, scaled, mildly bent."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cellarena.images.io import LabelImage

Region = npt.NDArray[np.bool_]

SCALES = (0.9, 1.1)
"""By how much a changed shape is smaller or larger than its donor."""
_BEND = 0.035
"""How far a bend moves the outline, as a share of the shape's length; each of the waves has half a length and more."""
_N_WAVES = 3


def largest_piece(region: Region) -> Region:
    """Return the largest 4-connected piece of a region, the first of several equally large ones."""
    pieces, n_pieces = ndimage.label(region)
    if n_pieces < 2:
        return region
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    return np.asarray(pieces == sizes.argmax())


def in_one_piece(labels: LabelImage) -> LabelImage:
    """Return a label image of which each object keeps its largest 4-connected piece only.

    Args:
        labels: (H, W) integers, at least 0, with consecutive labels.
    """
    whole = labels.copy()
    for label, window in enumerate(ndimage.find_objects(labels), start=1):
        if window is not None:
            region = labels[window] == label
            whole[window][region & ~largest_piece(region)] = 0
    return whole


def cropped(region: Region) -> Region:
    """Return a region without the rows and columns around it that it leaves empty; it has a pixel at least."""
    rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
    return region[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def vary(region: Region, turn: float, rng: np.random.Generator) -> Region:
    """Return a changed copy: turned, scaled by `SCALES`, bent.

    Args:
        region: (h, w) shape of a cell, True inside.
        turn: angle in radians; positive ones turn columns towards later rows.
        rng: the stream of the layout.

    Returns:
        (h', w') one 4-connected piece that reaches all four sides.
    """
    length = float(np.hypot(*region.shape))
    scale = rng.uniform(*SCALES)
    half = int(np.ceil(length * (scale / 2 + _BEND * _N_WAVES))) + 1
    rows, columns = np.mgrid[-half : half + 1, -half : half + 1] / scale
    rows, columns = _bent(rows, columns, length, rng)
    middle_row, middle_column = (np.array(region.shape) + 1) / 2
    source = [
        middle_row + rows * np.cos(turn) - columns * np.sin(turn),
        middle_column + rows * np.sin(turn) + columns * np.cos(turn),
    ]
    changed = ndimage.map_coordinates(_depth(region), source, order=1, cval=-length) > 0
    # A shape of a few pixels may vanish between the new pixels.
    return cropped(largest_piece(changed)) if changed.any() else region


def _depth(region: Region) -> npt.NDArray[np.float64]:
    """Return how far inside the outline, negative outside, each pixel of a region and of a rim of one pixel lies.

    Unlike the region itself it can be read between pixels without leaving steps.
    """
    inside = np.pad(region, 1)
    return ndimage.distance_transform_edt(inside) - ndimage.distance_transform_edt(~inside)


def _bent(
    rows: npt.NDArray[np.float64], columns: npt.NDArray[np.float64], length: float, rng: np.random.Generator
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return coordinates moved by a few smooth waves of random direction."""
    move_rows, move_columns = np.zeros_like(rows), np.zeros_like(columns)
    for _ in range(_N_WAVES):
        along, across = rng.normal(0, 0.7, 2) * 2 * np.pi / length
        phase, strength = rng.uniform(0, 2 * np.pi), _BEND * length * rng.normal(0, 0.5, 2)
        wave = np.sin(along * rows + across * columns + phase)
        move_rows += strength[0] * wave
        move_columns += strength[1] * wave
    return rows + move_rows, columns + move_columns
