"""The sets of images that are compared, and what is taken of them."""

from collections.abc import Mapping, Sequence

import numpy as np

from cellarena.datasets.describing.tables import ALL
from cellarena.evaluation.quality.estimates import Values
from cellarena.evaluation.quality.image_summaries import ImageSummary
from cellarena.evaluation.quality.spectra import N_BINS

SYNTHETIC, TRAIN, VAL, SHUFFLED = "synthetic", "train", "val", "shuffled"
COMPARED = (SYNTHETIC, VAL, SHUFFLED)
"""The sets of images that are compared with the train subset."""
Sets = Mapping[str, Sequence[ImageSummary]]
"""The summaries of SYNTHETIC, TRAIN, VAL, and SHUFFLED: the validation images in shuffled blocks."""


def modalities_of(sets: Sets) -> list[str]:
    """Return ALL and every modality that an image has, sorted."""
    return [ALL, *sorted({summary.modality for summaries in sets.values() for summary in summaries})]


def of_modality(summaries: Sequence[ImageSummary], modality: str) -> list[ImageSummary]:
    """Return the summaries of a modality, or all of them for ALL."""
    return [summary for summary in summaries if modality in {ALL, summary.modality}]


def profiles(summaries: Sequence[ImageSummary]) -> Values:
    """Return the (n_images, N_BINS) log spectra of the images."""
    return np.array([summary.profile for summary in summaries]).reshape(-1, N_BINS)


def object_values(summaries: Sequence[ImageSummary], name: str) -> list[Values]:
    """Return for each image the values of one of OBJECT_MEASURES, or its `n_objects` or `density` per megapixel."""
    if name == "n_objects":
        return [np.array([float(summary.n_objects)]) for summary in summaries]
    if name == "density":
        return [np.array([summary.n_objects / summary.megapixels]) for summary in summaries]
    return [summary.objects[name].to_numpy(float) for summary in summaries]


def histograms(summaries: Sequence[ImageSummary], number: int) -> Values:
    """Return the (n_images, 3, 256) shares of the levels of a pixel class, by channel."""
    return np.array([summary.histograms[number] for summary in summaries]).reshape(-1, 3, 256)
