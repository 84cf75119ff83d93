"""Training images for generators: few cells, in two modalities brighter or darker than what is around them."""

from pathlib import Path

import numpy as np

from cellarena.synthesis.generators.spec import Example, Fit

SIDE = 40


def examples(n=6):
    return [example(number, "bright" if number % 2 else "dark") for number in range(n)]


def example(number, modality):
    rng = np.random.default_rng(number)
    labels = discs(rng, SIDE, SIDE)
    around, inside = (60, 190) if modality == "bright" else (200, 70)
    grey = np.where(labels > 0, inside, around) + rng.normal(0, 8, labels.shape)
    tint = np.array([1.0, 1.0, 1.0]) if modality == "bright" else np.array([1.0, 0.8, 0.9])
    image = (grey[..., None] * tint).round().clip(0, 255).astype(np.uint8)
    return Example(f"image-{number}", image, labels, modality)


def discs(rng, height, width):
    """Return a label image of discs with a radius of 6 pixels."""
    labels = np.zeros((height, width), np.int32)
    rows, columns = np.indices(labels.shape)
    for label in range(1, 1 + height * width // 400):
        y, x = rng.uniform(0, height), rng.uniform(0, width)
        labels[((rows - y) ** 2 + (columns - x) ** 2 < 36) & (labels == 0)] = label
    return labels


def unwatched(number, painter):
    """See nothing."""


def a_fit(state: Path, steps: int, seed: int = 0, watch=unwatched):
    state.mkdir(exist_ok=True, parents=True)
    return Fit(steps, seed, "cpu", state, watch)
