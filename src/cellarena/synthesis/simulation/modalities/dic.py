"""Differential interference contrast: a relief, lit from one side, of the cells' optical path."""

import numpy as np
from scipy import ndimage

from cellarena.synthesis.simulation.optics import blur, illumination
from cellarena.synthesis.simulation.scene import Cell, Scene
from cellarena.synthesis.simulation.shapes import Field
from cellarena.synthesis.simulation.texture import smooth_noise, specks


def render(scene: Scene, rng: np.random.Generator) -> Field:
    """Return the light that a DIC microscope collects from a scene.

    The picture is the derivative of the optical path along the direction of shear, on a mid-grey background.

    Args:
        scene: the cells.
        rng: the stream of the image's texture.

    Returns:
        (H, W), about [0, 1].
    """
    shape = scene.shape
    path = np.zeros(shape)
    for cell in scene.cells:
        cell.paint(path, (0.65 + 0.35 * cell.strength) * _body(cell, rng), opacity=0.6)
    path += 0.2 * specks(shape, int(rng.integers(3, 16)), (0.7, 1.6), rng) + 0.02 * smooth_noise(shape, 2.5, rng)
    shear = rng.uniform(0, 2 * np.pi)
    sigma = rng.uniform(0.8, 1.2)
    down = ndimage.gaussian_filter(path, sigma, order=(0, 1), mode="nearest")
    right = ndimage.gaussian_filter(path, sigma, order=(1, 0), mode="nearest")
    relief: Field = np.sin(shear) * right + np.cos(shear) * down
    grey: Field = 0.47 + rng.uniform(0.9, 1.3) * relief - 0.05 * blur(path, 1.5) + 0.02 * smooth_noise(shape, 25, rng)
    return grey * illumination(shape, rng.uniform(0.1, 0.35), rng)


def _body(cell: Cell, rng: np.random.Generator) -> Field:
    """Return the optical path through a cell: a dome with organelles and a raised nucleus."""
    size = (cell.level.shape[0], cell.level.shape[1])
    organelles = smooth_noise(size, max(cell.radius / 9, 1.0), rng)
    nucleus = np.clip((cell.level - rng.uniform(0.4, 0.6)) * 4, 0, 1)
    return cell.coverage * np.clip(0.25 + 0.75 * cell.thickness + 0.2 * nucleus + 0.06 * organelles, 0, None)
