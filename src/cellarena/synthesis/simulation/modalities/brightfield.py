"""Stained brightfield: purple nuclei in pink tissue on white, after the law of Beer and Lambert.

Stain colours: Ruifrok and Johnston, Quantification of histochemical staining by color deconvolution, 2001.
"""

import numpy as np

from cellarena.synthesis.simulation.optics import blur, illumination
from cellarena.synthesis.simulation.scene import Cell, Scene
from cellarena.synthesis.simulation.shapes import Field
from cellarena.synthesis.simulation.texture import fibres, smooth_noise, specks

_HAEMATOXYLIN = np.array([0.62, 0.66, 0.20])
_EOSIN = np.array([0.09, 0.95, 0.28])


def render(scene: Scene, rng: np.random.Generator) -> Field:
    """Return the light that passes a stained section.

    Args:
        scene: the nuclei.
        rng: the stream of the image's texture.

    Returns:
        (H, W, 3) red, green, blue in [0, 1].
    """
    shape = scene.shape
    nuclei = np.zeros(shape)
    for cell in scene.cells:
        cell.paint(nuclei, (0.4 + 0.6 * cell.strength) * cell.coverage * _chromatin(cell, rng), opacity=0.75)
    tissue = _tissue(scene, nuclei, rng)
    nuclei += 0.8 * specks(shape, int(rng.integers(0, 6)), (0.6, 1.2), rng)
    purple = _HAEMATOXYLIN + rng.normal(0, 0.04, 3)
    pink = _EOSIN + rng.normal(0, 0.04, 3)
    depth = rng.uniform(0.55, 0.9) * nuclei[..., None] * purple + rng.uniform(0.25, 0.5) * tissue[..., None] * pink
    passed = 10.0 ** -np.clip(depth, 0, None)
    return 0.94 * blur(passed, rng.uniform(0.5, 1.1)) * illumination(shape, rng.uniform(0.05, 0.35), rng)[..., None]


def _chromatin(cell: Cell, rng: np.random.Generator) -> Field:
    """Return the density of stain in a nucleus: a dark rim around a clumped, sometimes pale inside."""
    size = (cell.level.shape[0], cell.level.shape[1])
    clumps = smooth_noise(size, max(cell.radius / 6, 0.8), rng)
    rim = np.exp(-((cell.level * cell.radius - 1.0) ** 2) / 2.0)
    inside = rng.uniform(0.45, 1.0)
    return np.clip(inside + (1 - inside) * rim + 0.22 * clumps, 0.25, 1.4)


def _tissue(scene: Scene, nuclei: Field, rng: np.random.Generator) -> Field:
    """Return the density of eosin: fibres and plasma around the nuclei, with clefts that leave the nuclei in tissue."""
    shape = scene.shape
    fibrous = rng.uniform(0.1, 0.65)
    ground = 0.55 + 0.12 * smooth_noise(shape, 6, rng) + 0.08 * smooth_noise(shape, 1.2, rng)
    body = (1 - fibrous) * ground + fibrous * fibres(shape, rng.uniform(3.5, 9), rng)
    typical = float(np.median([cell.radius for cell in scene.cells])) if scene.cells else 8.0
    plasma = np.clip(2.0 * blur((nuclei > 0.1).astype(float), typical / 2), 0, 1)
    cleft = np.clip(1.5 * (smooth_noise(shape, rng.uniform(9, 18), rng) - rng.uniform(0.1, 1.3)), 0, 1) * (1 - plasma)
    return np.clip(body + 0.25 * plasma, 0, None) * (1 - 0.92 * cleft)
