"""What nnU-Net's planner is told of the training images: their shapes and the intensities of their objects.

After the data fingerprint of nnU-Net (Isensee et al., Nature Methods 2021, doi 10.1038/s41592-020-01008-z).
"""

from collections.abc import Iterable
from typing import TypedDict

import numpy as np

from cellarena import seeds
from cellarena.images.io import LabelImage
from cellarena.images.picture import Image

SAMPLES = 10_000
"""Foreground pixels drawn from each image, with replacement: an image with few counts as much as one with many."""


class Intensities(TypedDict):
    """Statistics of one channel over the sampled foreground pixels, in the units of the images."""

    mean: float
    median: float
    std: float
    min: float
    max: float
    percentile_00_5: float
    percentile_99_5: float


class Fingerprint(TypedDict):
    """The content of fingerprint.json."""

    n_images: int
    n_images_with_foreground: int
    shapes: list[tuple[int, int]]
    """Height and width of each image after cropping to its non-zero pixels, in the order of the images."""
    median_relative_size: float
    """Median share of an image's pixels that the cropping kept."""
    intensities: list[Intensities]
    """One entry a channel."""


def fingerprint(images: Iterable[tuple[str, Image, LabelImage]], seed: int) -> Fingerprint:
    """Return the fingerprint of a set of training images; they are read one at a time.

    Args:
        images: id, image (H, W) or (H, W, C) and label image (H, W) of each record; ids are unique.
        seed: of the foreground pixels that are drawn; each image's depend on seed and id alone.

    Raises:
        ValueError: if there are no images or none has an object, or if an image differs in its channels from the
            first or in its size from its label image.
    """
    shapes: list[tuple[int, int]] = []
    sizes: list[float] = []
    samples: list[Image] = []
    for name, image, labels in images:
        channels = image[..., None] if image.ndim == 2 else image
        if channels.shape[:2] != labels.shape:
            raise ValueError(
                f"{name}: image is {channels.shape[:2]} px and label image {labels.shape}; they must agree"
            )
        if samples and (before := samples[0].shape[1]) != (n := channels.shape[2]):
            raise ValueError(f"{name}: has {n} channels, the images before it {before}; they must agree")
        rows, columns = _frame(channels)
        shapes.append((rows.stop - rows.start, columns.stop - columns.start))
        sizes.append(shapes[-1][0] * shapes[-1][1] / labels.size)
        # Objects' pixels (n, C), all channels at the same places; none where there is no object.
        places = np.flatnonzero(labels)
        drawn = seeds.generator(seed, "fingerprint", name).choice(places, SAMPLES) if places.size else places
        samples.append(channels.reshape(-1, channels.shape[2])[drawn])
    n_sampled = sum(len(sample) > 0 for sample in samples)
    if n_sampled == 0:
        raise ValueError(f"none of the {len(shapes)} training images has an object: check their label images")
    return {
        "n_images": len(shapes),
        "n_images_with_foreground": n_sampled,
        "shapes": shapes,
        "median_relative_size": float(np.median(sizes)),
        "intensities": [_intensities(channel) for channel in np.concatenate(samples).T],
    }


def _frame(channels: Image) -> tuple[slice, slice]:
    """Return rows and columns of the smallest frame around all non-zero pixels; the whole of an image that has none."""
    rows, columns = np.nonzero(channels.any(axis=2))
    if rows.size == 0:
        return slice(0, channels.shape[0]), slice(0, channels.shape[1])
    return slice(int(rows.min()), int(rows.max()) + 1), slice(int(columns.min()), int(columns.max()) + 1)


def _intensities(values: Image) -> Intensities:
    values = values.astype(np.float64)
    low, median, high = (float(value) for value in np.percentile(values, (0.5, 50, 99.5)))
    return {
        "mean": float(values.mean()),
        "median": median,
        "std": float(values.std()),
        "min": float(values.min()),
        "max": float(values.max()),
        "percentile_00_5": low,
        "percentile_99_5": high,
    }
