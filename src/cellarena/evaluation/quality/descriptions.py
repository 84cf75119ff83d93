"""What sets of images are like, side by side: spectra, intensities, shapes."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

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

_QUANTILES = {"p05": 0.05, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": 0.95}


def spectrum_table(sets: Sets, size: tuple[int, int]) -> pd.DataFrame:
    """Return the mean log spectrum of each set by modality.

    Args:
        sets: the summaries.
        size: of their crops in pixels.

    Returns:
        Columns modality, images, frequency (cycles per pixel, the middle of a ring), log_power (to base 10, mean over
        the images), sd (of the images) and n.
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
    return pd.DataFrame(rows, columns=["modality", "images", "frequency", "log_power", "sd", "n"])


def intensity_table(sets: Sets) -> pd.DataFrame:
    """Return quantiles of the grey levels (0 to 255, mean of the channels) of each class of pixels.

    Returns:
        Columns modality, images, pixel_class, p05, p25, median, p75, p95 and n, the images that have such pixels.
    """
    rows = []
    for modality in modalities_of(sets):
        for images, summaries in sets.items():
            for number, name in enumerate(PIXEL_CLASSES):
                shares = mean_histogram(of_modality(summaries, modality), number)
                n = sum(not np.isnan(s.histograms[number]).any() for s in of_modality(summaries, modality))
                rows.append((modality, images, name, *_levels(shares), n))
    return pd.DataFrame(rows, columns=["modality", "images", "pixel_class", *_QUANTILES, "n"])


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
    """Return quantiles of what is measured of objects, pooled, and of their number and density in images.

    Returns:
        Columns modality, images, measure, p05, p25, median, p75, p95 and n, the number of values.
    """
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
    return pd.DataFrame(rows, columns=["modality", "images", "measure", *_QUANTILES, "n"])
