"""Dots on a dark ground."""

import numpy as np


def painted(rng):
    """Return an image and its labels."""
    labels = np.zeros((48, 64), np.uint16)
    rows, columns = np.mgrid[:48, :64]
    for number in range(6):
        row, column = 12 + 24 * (number // 3), 12 + 20 * (number % 3)
        radius = rng.integers(4, 8)
        labels[(rows - row) ** 2 + (columns - column) ** 2 <= radius**2] = number + 1
    return np.clip(np.where(labels, 180, 40) + rng.normal(0, 10, labels.shape), 0, 255).astype(np.uint8), labels
