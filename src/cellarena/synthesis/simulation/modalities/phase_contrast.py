"""Phase contrast: grey cells that a bright halo surrounds, shading off towards their middle."""

import numpy as np

from cellarena.synthesis.simulation.optics import blur, illumination
from cellarena.synthesis.simulation.scene import Cell, Scene
from cellarena.synthesis.simulation.shapes import Field
from cellarena.synthesis.simulation.texture import smooth_noise, specks


def render(scene: Scene, rng: np.random.Generator) -> Field:
    """Return the light that a positive phase contrast microscope collects from a scene.

    The halo is what the ring of the condenser leaves of low spatial frequencies: the path length minus its own blur.

    Args:
        scene: the cells.
        rng: the stream of the image's texture.

    Returns:
        (H, W), about [0, 1] around a mid-grey background.
    """
    shape = scene.shape
    path, bright = np.zeros(shape), np.zeros(shape)
    rounded = rng.uniform(0, 0.25)
    for cell in scene.cells:
        cell.paint(path, (0.5 + 0.5 * cell.strength) * _body(cell, rng), opacity=0.55)
        if rng.random() < rounded:
            cell.paint(bright, 0.5 * cell.coverage * cell.thickness**2, opacity=0.0)
    path += 0.35 * specks(shape, int(rng.integers(3, 16)), (0.6, 1.6), rng)
    typical = float(np.median([cell.radius for cell in scene.cells])) if scene.cells else 8.0
    halo = 0.65 * blur(path, 0.3 * typical + 1) + 0.35 * blur(path, 0.8 * typical + 2)
    grey = 0.45 - rng.uniform(0.45, 0.65) * (path - halo) + bright
    grey += 0.012 * smooth_noise(shape, 1.5, rng) + 0.015 * smooth_noise(shape, 9, rng)
    return blur(grey, rng.uniform(0.5, 0.9)) * illumination(shape, rng.uniform(0.1, 0.45), rng)


def _body(cell: Cell, rng: np.random.Generator) -> Field:
    """Return the optical path through a cell: flat, with granules, a nucleus and a nucleolus."""
    size = (cell.level.shape[0], cell.level.shape[1])
    granules = smooth_noise(size, max(cell.radius / 11, 0.7), rng)
    nucleus = np.clip((cell.level - rng.uniform(0.4, 0.6)) * cell.radius, 0, 1)
    nucleolus = np.exp(-(((1 - cell.level) / 0.14) ** 2))
    inside = 0.6 + 0.4 * cell.thickness - 0.15 * nucleus + 0.35 * nucleolus
    return cell.coverage * np.clip(inside + 0.14 * granules, 0, None)
