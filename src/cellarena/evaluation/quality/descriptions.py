"""What sets of images are like, side by side: spectra, intensities, shapes."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cellarena.datasets.describing.tables import ALL
from cellarena.evaluation.quality.estimates import Values, mean_of_images
from cellarena.evaluation.quality.image_summaries import OBJECT_MEASURES, PIXEL_CLASSES, ImageSummary
from cellarena.evaluation.quality.sets import (
    SHUFFLED,
    Sets,
    histograms,
    modalities_of,
    object_values,
    of_modality,
    profiles,
)
from cellarena.evaluation.quality.spectra import bin_edges
from cellarena.tables import integers, numbers, schema, texts

_QUANTILES = {"p05": 0.05, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": 0.95}
PART = (*texts("modality", f"of the images, or {ALL}"), *texts("images", "the set: synthetic, train, val, shuffled"))
_LEVELS = ", ".join(f"{name}?" for name in _QUANTILES)
SPECTRUM = schema(
    "spectrum", "The mean log power spectrum of each set of images",
    PART,
    numbers("frequency", "the middle of a ring", "cycles per px"),
    numbers("log_power?, sd?", "to base 10, mean and standard deviation over the images"),
    integers("n", "images"),
)  # fmt: skip
INTENSITIES = schema(
    "quality intensities", "Quantiles of the grey levels, mean of the channels, of each class of pixels",
    PART,
    texts("pixel_class", "of the pixels"),
    numbers(_LEVELS, "5, 25, 50, 75 and 95 % of the pixels are at most so bright", "0 to 255"),
    integers("n", "images that have such pixels"),
)  # fmt: skip
MORPHOLOGY = schema(
    "morphology", "Quantiles of what is measured of objects, pooled, and of their number and density in images",
    PART,
    texts("measure", "what is measured"),
    numbers(_LEVELS, "5, 25, 50, 75 and 95 % of the values are at most this, in the unit of the measure"),
    integers("n", "values"),
)  # fmt: skip


def spectrum_table(sets: Sets, size: tuple[int, int]) -> pd.DataFrame:
    """Return the mean log spectrum of each set by modality: the columns of SPECTRUM.

    Args:
        sets: the summaries.
        size: of their crops in pixels.
    """
    edges = bin_edges(size)
    rows = []
    for modality in modalities_of(sets):
        for images, summaries in sets.items():
            own = of_modality(summaries, modality)
            found = [mean_of_images(column) for column in profiles(own).T]
            rows += [
                (modality, images, frequency, one.value, one.sd * np.sqrt(one.n), one.n)
                for frequency, one in zip((edges[1:] + edges[:-1]) / 2, found, strict=False)
            ]
    return pd.DataFrame(rows, columns=SPECTRUM.names)


def intensity_table(sets: Sets) -> pd.DataFrame:
    """Return quantiles of the grey levels of each class of pixels, the columns of INTENSITIES."""
    rows = []
    for modality in modalities_of(sets):
        for images, summaries in sets.items():
            for number, name in enumerate(PIXEL_CLASSES):
                shares = mean_histogram(of_modality(summaries, modality), number)
                n = sum(not np.isnan(s.histograms[number]).any() for s in of_modality(summaries, modality))
                rows.append((modality, images, name, *_levels(shares), n))
    return pd.DataFrame(rows, columns=INTENSITIES.names)


def mean_histogram(summaries: Sequence[ImageSummary], number: int) -> Values:
    """Return the (256) mean shares of the grey levels of a pixel class, NaN if no image has such pixels."""
    found = histograms(summaries, number)
    found = found[~np.isnan(found).any(axis=(1, 2))]
    return np.asarray(found.mean(axis=(0, 1))) if len(found) else np.full(256, np.nan)


def _levels(shares: Values) -> list[float]:
    if np.isnan(shares).any():
        return [float("nan")] * len(_QUANTILES)
    # Rounding must not push a quantile past the level that ends it.
    return [float(np.searchsorted(np.cumsum(shares), level - 1e-9)) for level in _QUANTILES.values()]


def morphology_table(sets: Sets) -> pd.DataFrame:
    """Return quantiles of what is measured of objects, and of their number and density: the columns of MORPHOLOGY."""
    rows = []
    for modality in modalities_of(sets):
        for images, summaries in sets.items():
            if images == SHUFFLED:
                continue
            for name in (*OBJECT_MEASURES, "n_objects", "density"):
                values = np.concatenate([[], *object_values(of_modality(summaries, modality), name)])
                values = values[~np.isnan(values)]
                quantiles = np.quantile(values, list(_QUANTILES.values())) if values.size else [np.nan] * 5
                rows.append((modality, images, name, *quantiles, values.size))
    return pd.DataFrame(rows, columns=MORPHOLOGY.names)
