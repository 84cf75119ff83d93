"""Simulated microscopy: images of four modalities with exact labels, each from its own random streams."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cellarena.images.picture import Image
from cellarena.seeds import generator
from cellarena.synthesis.simulation.modalities import brightfield, dic, fluorescence, phase_contrast
from cellarena.synthesis.simulation.optics import digitise, expose
from cellarena.synthesis.simulation.placement import place
from cellarena.synthesis.simulation.scene import Scene
from cellarena.synthesis.simulation.shapes import Field


@dataclass(frozen=True)
class Simulated:
    """One simulated image: (H, W) or (H, W, 3) uint8 or uint16, its (H, W) uint16 label image, its modality."""

    image: Image
    labels: npt.NDArray[np.uint16]
    modality: str


@dataclass(frozen=True)
class Recording:
    """How a modality's images are recorded: the largest grey value, and the colour of a grey image, if any."""

    largest: int
    tint: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class Modality:
    """A microscope: how it renders a scene, what its files hold (in turn), electrons of a full well (range)."""

    render: Callable[[Scene, np.random.Generator], Field]
    recordings: tuple[Recording, ...]
    electrons: tuple[float, float]


_GREY = (1.0, 1.0, 1.0)
_BLUE = (0.12, 0.3, 1.0)

MODALITIES = {
    "brightfield": Modality(brightfield.render, (Recording(255), Recording(255), Recording(65535)), (1500, 6000)),
    "fluorescence": Modality(
        fluorescence.render, (Recording(255), Recording(4095), Recording(255, _BLUE), Recording(65535)), (150, 900)
    ),
    "phase_contrast": Modality(
        phase_contrast.render, (Recording(255), Recording(4095), Recording(255, _GREY)), (700, 4000)
    ),
    "dic": Modality(dic.render, (Recording(65535), Recording(255), Recording(255, _GREY)), (700, 4000)),
}
"""The modalities in the order in which they take turns."""

_SIZES = (128, 321)
_COUNTS = (10, 61)
_RADII = (6.5, 24.0)
_READ_NOISE = (2.0, 6.0)


def simulate(seed: int, number: int) -> Simulated:
    """Return one simulated image; it depends on nothing but the two arguments.

    Args:
        seed: the data set's seed, at least 0.
        number: the image's number, from 1; modalities and kinds of recording follow it in turn.

    Raises:
        ValueError: if the number is below 1.
    """
    if number < 1:
        raise ValueError(f"image number {number} is below 1: simulated images are counted from 1")
    turn, place_in_turn = divmod(number - 1, len(MODALITIES))
    name = list(MODALITIES)[place_in_turn]
    modality = MODALITIES[name]
    recording = modality.recordings[turn % len(modality.recordings)]
    scene = _scene(generator(seed, "simulated", number, "cells"))
    light = modality.render(scene, generator(seed, "simulated", number, "texture"))
    sensor = generator(seed, "simulated", number, "sensor")
    recorded = expose(light, sensor.uniform(*modality.electrons), sensor.uniform(*_READ_NOISE), sensor)
    if recording.tint is not None:
        recorded = recorded[..., None] * np.array(recording.tint)
    return Simulated(digitise(recorded, recording.largest), scene.labels, name)


def _scene(rng: np.random.Generator) -> Scene:
    """Return cells in a frame of random size; their number and the share of the frame they cover fix their radius."""
    height, width = (int(size) for size in rng.integers(*_SIZES, 2))
    share = rng.uniform(0.13, 0.34)
    radius = np.sqrt(share * height * width / (np.pi * rng.integers(*_COUNTS)))
    radius = float(np.clip(radius, *_RADII))
    n_cells = int(np.clip(share * height * width / (np.pi * radius**2), 8, _COUNTS[1] - 1))
    return place((height, width), n_cells, radius, rng)
