"""Objects in one piece, and changed copies of a cell's shape: turned, mirrored, scaled, mildly bent."""

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


def vary(region: Region, rng: np.random.Generator) -> Region:
    """Return a changed copy: any angle, mirrored or not, scaled by `SCALES`, bent.

    Args:
        region: (h, w) shape of a cell, True inside.
        rng: the stream of the layout.

    Returns:
        (h', w') one 4-connected piece that reaches all four sides.
    """
    length = float(np.hypot(*region.shape))
    angle, scale = rng.uniform(0, 2 * np.pi), rng.uniform(*SCALES)
    mirror = 1.0 if rng.random() < 0.5 else -1.0
    half = int(np.ceil(length * (scale / 2 + _BEND * _N_WAVES))) + 1
    rows, columns = np.mgrid[-half : half + 1, -half : half + 1] / scale
    rows, columns = _bent(rows, columns, length, rng)
    middle_row, middle_column = (np.array(region.shape) - 1) / 2
    source = [
        middle_row + rows * np.cos(angle) - columns * np.sin(angle),
        middle_column + mirror * (rows * np.sin(angle) + columns * np.cos(angle)),
    ]
    changed = ndimage.map_coordinates(region.astype(np.float32), source, order=1) > 0.5
    # A shape of a few pixels may vanish between the new pixels.
    return cropped(largest_piece(changed)) if changed.any() else region


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
