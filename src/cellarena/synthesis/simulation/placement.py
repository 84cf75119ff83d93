"""Where cells lie: alone, touching and partly over one another, with exact labels of what stays visible."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cellarena.synthesis.simulation.scene import Cell, Scene
from cellarena.synthesis.simulation.shapes import FAMILIES, Family, Field, Outline, Window, draw_outline, level_field

MIN_PIXELS = 20
"""A cell of which less is visible is not placed."""
VISIBLE = 0.75
"""The share of a cell's pixels in the frame that its neighbours leave uncovered at least."""
_IN_FRAME = 0.4
"""The share of a cell that lies in the frame at least."""
_GAP = 3.0
"""Pixels of background around a cell that is placed alone, about."""
_MAX_DEFOCUS = 2.8
"""Pixels; keeps a blurred cell inside its window and its outline visible."""
_TRIES_PER_CELL = 40


def place(shape: tuple[int, int], n_cells: int, radius: float, rng: np.random.Generator) -> Scene:
    """Return a scene of cells of one typical size, in clusters and alone.

    Every label is one 4-connected piece of at least `MIN_PIXELS` pixels.

    Args:
        shape: height and width of the image.
        n_cells: how many cells to place; fewer where no room is found.
        radius: typical radius in pixels.
        rng: the stream of the image's cells.
    """
    scene = Scene(np.zeros(shape, np.uint16), ())
    crowding = rng.uniform(0.0, 0.45)
    spread = rng.uniform(0.08, 0.25)
    families = _mixture(rng)
    for _ in range(n_cells * _TRIES_PER_CELL):
        if len(scene.cells) == n_cells:
            break
        family = families[int(rng.integers(len(families)))]
        outline = draw_outline(radius * float(np.exp(rng.normal(0, spread))), family, rng)
        alone = not scene.cells or rng.random() > crowding
        centre = _anywhere(shape, rng) if alone else _beside(scene.cells, outline, rng)
        window, level = level_field(outline, centre, shape)
        free = not alone or not scene.labels[window][level * outline.radius > -_GAP].any()
        if free and _fits(scene, window, level, outline):
            cell = Cell(
                label=len(scene.cells) + 1,
                centre=centre,
                window=window,
                level=level,
                radius=outline.radius,
                defocus=_defocus(outline.radius, rng),
                strength=float(rng.uniform(0.35, 1.0)),
            )
            scene.labels[window][level > 0] = cell.label
            scene = Scene(scene.labels, (*scene.cells, cell))
    return scene


def _mixture(rng: np.random.Generator) -> list[Family]:
    """Return families to draw from: one kind dominates an image, as in a real culture or tissue."""
    kinds = list(FAMILIES.values())
    return [*kinds, *[kinds[int(rng.integers(len(kinds)))]] * 5]


def _anywhere(shape: tuple[int, int], rng: np.random.Generator) -> tuple[float, float]:
    return float(rng.uniform(0, shape[0])), float(rng.uniform(0, shape[1]))


def _beside(cells: tuple[Cell, ...], outline: Outline, rng: np.random.Generator) -> tuple[float, float]:
    """Return a place at which an outline touches or partly covers one of the cells."""
    neighbour = cells[int(rng.integers(len(cells)))]
    distance = (neighbour.radius + outline.radius) * rng.uniform(0.85, 1.08)
    angle = rng.uniform(0, 2 * np.pi)
    row, column = neighbour.centre
    return float(row + distance * np.sin(angle)), float(column + distance * np.cos(angle))


def _fits(scene: Scene, window: Window, level: Field, outline: Outline) -> bool:
    """Return whether a new cell is visible, in one piece, and leaves those below it so."""
    inside = level > 0
    if np.count_nonzero(inside) < max(MIN_PIXELS, _IN_FRAME * np.pi * outline.radius**2) or _pieces(inside) != 1:
        return False
    covered = [scene.cells[label - 1] for label in np.unique(scene.labels[window][inside]) if label]
    if not covered:
        return True
    left = scene.labels.copy()
    left[window][inside] = 0
    return all(_stays_visible(cell, left) for cell in covered)


def _stays_visible(cell: Cell, labels: npt.NDArray[np.uint16]) -> bool:
    """Return whether a label image shows enough of a cell, in one piece."""
    shown = labels[cell.window] == cell.label
    enough = max(MIN_PIXELS, VISIBLE * np.count_nonzero(cell.level > 0))
    return bool(np.count_nonzero(shown) >= enough) and _pieces(shown) == 1


def _pieces(region: npt.NDArray[np.bool_]) -> int:
    return int(ndimage.label(region)[1])


def _defocus(radius: float, rng: np.random.Generator) -> float:
    """Return a cell's own blur in pixels: most are in focus, a few clearly are not."""
    blurred = rng.random() < 0.15
    share = rng.uniform(0.1, 0.18) if blurred else rng.uniform(0, 0.05)
    return min(float(share * radius), _MAX_DEFOCUS)
