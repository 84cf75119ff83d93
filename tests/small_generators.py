"""Small training images of two modalities, and generators with small networks."""

import numpy as np
import yaml

from cellarena.synthesis.generators.spec import GENERATORS, Example, Fit
from workspace import ROOT

SMALL = {
    "cyclegan": {"width": 4, "levels": 2, "judge_width": 4, "crop": 32, "pool": 3},
    "diffusion": {"width": 8, "levels": 2, "crop": 32, "batch_size": 2, "sampling_steps": 3, "overlap": 0.5},
    "pix2pix": {"width": 4, "levels": 3, "judge_width": 4, "crop": 32, "batch_size": 2},
}
"""What is smaller than in params.yaml."""


def small_settings(name, **changed):
    block = yaml.safe_load((ROOT / "params.yaml").read_text())["generators"][name]
    return GENERATORS[name].model_validate({**block, **SMALL.get(name, {}), **changed})


def disks(shape, seed):
    """Return a label image of disks, two of which touch."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    labels = np.zeros(shape, np.uint16)
    centres = [(8, 8), (8, 15), *(rng.integers(6, np.array(shape) - 6) for _ in range(3))]
    for number, (y, x) in enumerate(centres, start=1):
        labels[((rows - y) ** 2 + (columns - x) ** 2 <= 16) & (labels == 0)] = number
    return labels


def small_examples():
    """Return three grey images with bright cells and two coloured ones with dark cells, of different sizes."""
    shapes = [(40, 52), (33, 48), (64, 36), (50, 50), (28, 41)]
    return [_example(number, shape) for number, shape in enumerate(shapes)]


def _example(number, shape):
    rng, labels = np.random.default_rng(100 + number), disks(shape, number)
    if number < 3:
        grey = np.where(labels > 0, 200, 20) + rng.normal(0, 6, shape)
        image, modality = np.repeat(grey[..., None], 3, axis=2), "fluorescence"
    else:
        stained = np.where(labels[..., None] > 0, [110, 60, 140], [230, 200, 220])
        image, modality = stained + rng.normal(0, 6, (*shape, 3)), "H&E"
    return Example(f"e{number}", np.clip(image, 0, 255).astype(np.uint8), labels, modality)


def look_away(step, painter):
    """Watch nothing."""


def fit_in(state, steps=3, seed=0, watch=look_away):
    state.mkdir(parents=True, exist_ok=True)
    return Fit(steps, seed, "cpu", state, watch)
