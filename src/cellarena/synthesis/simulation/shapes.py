"""Outlines of cells: a closed curve in polar form, stretched, bent and turned, as a field over its window."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Field = npt.NDArray[np.float64]
Window = tuple[slice, slice]

_MARGIN = 7
"""Pixels around an outline's reach, so that blur and halo of a cell stay inside its window."""


@dataclass(frozen=True)
class Family:
    """How cells of one kind vary: length over width, bend of the long axis, amplitude of the outline's waves."""

    aspect: tuple[float, float]
    bend: float
    wobble: tuple[float, float]


FAMILIES = {
    "round": Family(aspect=(1.0, 1.25), bend=0.03, wobble=(0.0, 0.03)),
    "elongated": Family(aspect=(1.5, 3.2), bend=0.13, wobble=(0.01, 0.05)),
    "irregular": Family(aspect=(1.0, 1.7), bend=0.15, wobble=(0.06, 0.13)),
}


@dataclass(frozen=True)
class Outline:
    """A cell's shape: geometric mean radius in pixels, length over width, angle in radians, bend, waves 2 to 6."""

    radius: float
    aspect: float
    angle: float
    bend: float
    amplitudes: tuple[float, ...]
    phases: tuple[float, ...]

    @property
    def reach(self) -> float:
        """The largest distance, in pixels, of the outline from its centre."""
        swollen = 1 + sum(self.amplitudes)
        return self.radius * swollen * (math.sqrt(self.aspect) + 2 * abs(self.bend))


def draw_outline(radius: float, family: Family, rng: np.random.Generator) -> Outline:
    """Return a random outline of a family.

    Args:
        radius: geometric mean of the half axes, in pixels.
        family: how much it may differ from a circle.
        rng: the stream of the image's cells.
    """
    waves = np.arange(2, 7)
    amplitudes = rng.uniform(*family.wobble) * rng.uniform(0.3, 1.0, waves.size) * 2 / waves
    return Outline(
        radius=radius,
        aspect=rng.uniform(*family.aspect),
        angle=rng.uniform(0, 2 * np.pi),
        bend=rng.uniform(-family.bend, family.bend),
        amplitudes=tuple(float(a) for a in amplitudes),
        phases=tuple(float(p) for p in rng.uniform(0, 2 * np.pi, waves.size)),
    )


def level_field(outline: Outline, centre: tuple[float, float], shape: tuple[int, int]) -> tuple[Window, Field]:
    """Return where an outline lies in an image, and how deep inside it each pixel there is.

    Args:
        outline: the cell's shape.
        centre: row and column of its centre, in pixels; it may lie outside the image.
        shape: height and width of the image.

    Returns:
        The window of the image that the outline can reach (empty if it lies outside), and over it a field that is 1 at
        the centre, 0 on the outline and negative outside.
    """
    half = outline.reach + _MARGIN
    rows, columns = (
        slice(int(np.clip(middle - half, 0, size)), int(np.clip(middle + half + 1, 0, size)))
        for middle, size in zip(centre, shape, strict=True)
    )
    dy = np.arange(rows.start, rows.stop)[:, None] - centre[0]
    dx = np.arange(columns.start, columns.stop)[None, :] - centre[1]
    along = (dx * np.cos(outline.angle) + dy * np.sin(outline.angle)) / (outline.radius * np.sqrt(outline.aspect))
    across = (dy * np.cos(outline.angle) - dx * np.sin(outline.angle)) / (outline.radius / np.sqrt(outline.aspect))
    across = across - outline.bend * outline.aspect * (along**2 - 0.5)
    theta = np.arctan2(across, along)
    edge = np.ones_like(theta)
    for wave, (amplitude, phase) in enumerate(zip(outline.amplitudes, outline.phases, strict=True), start=2):
        edge += amplitude * np.cos(wave * theta + phase)
    return (rows, columns), 1 - np.hypot(along, across) / edge
