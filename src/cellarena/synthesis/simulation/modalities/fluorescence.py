"""Fluorescence: bright, textured nuclei of very different brightness on a dark, hazy background."""

import numpy as np

from cellarena.synthesis.simulation.optics import blur, illumination
from cellarena.synthesis.simulation.scene import Cell, Scene
from cellarena.synthesis.simulation.shapes import Field
from cellarena.synthesis.simulation.texture import smooth_noise, specks


def render(scene: Scene, rng: np.random.Generator) -> Field:
    """Return the light that a fluorescence microscope collects from a scene.

    Args:
        scene: the cells.
        rng: the stream of the image's texture.

    Returns:
        (H, W), about [0, 1].
    """
    shape = scene.shape
    light = np.zeros(shape)
    grain = rng.uniform(0.08, 0.22)
    dimmest = rng.uniform(0.2, 0.55)
    for cell in scene.cells:
        brightness = dimmest + (1 - dimmest) * cell.strength**1.5
        cell.paint(light, brightness * cell.coverage * _chromatin(cell, grain, rng), opacity=0.65)
    haze = np.clip(smooth_noise(shape, 14, rng), 0, None)
    light += rng.uniform(0.02, 0.08) * blur(light, 8) + (0.01 + 0.12 * rng.random() ** 3) * haze
    light += 0.4 * specks(shape, int(rng.integers(0, 8)), (0.6, 1.3), rng)
    light = blur(light, rng.uniform(0.6, 1.3)) * illumination(shape, rng.uniform(0.15, 0.5), rng)
    return 0.03 + 0.9 * light


def _chromatin(cell: Cell, grain: float, rng: np.random.Generator) -> Field:
    """Return the density of stain in a nucleus: coarse and fine grain, dark nucleoli or bright chromocentres."""
    size = (cell.level.shape[0], cell.level.shape[1])
    coarse, fine = smooth_noise(size, cell.radius / 4, rng), smooth_noise(size, max(cell.radius / 12, 0.6), rng)
    spots = np.clip(smooth_noise(size, max(cell.radius / 7, 0.8), rng) - 1.2, 0, 1) * rng.uniform(-0.8, 0.6)
    dome = 0.7 + 0.3 * cell.thickness
    return np.clip(dome * (1 + grain * (coarse + 0.6 * fine) + spots), 0.25, 1.6)
