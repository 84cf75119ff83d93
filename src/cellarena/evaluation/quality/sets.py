"""The sets of images that are compared, and what is taken of them."""

from collections.abc import Mapping, Sequence

import numpy as np

from cellarena.datasets.describing.exploration import ALL
from cellarena.evaluation.quality.estimates import Values
from cellarena.evaluation.quality.samples import Sample
from cellarena.evaluation.quality.spectra import N_BINS

SYNTHETIC, TRAIN, VAL, SHUFFLED = "synthetic", "train", "val", "shuffled"
COMPARED = (SYNTHETIC, VAL, SHUFFLED)
"""The sets of images that are compared with the train subset."""
Sets = Mapping[str, Sequence[Sample]]
"""The samples of SYNTHETIC, TRAIN, VAL, and SHUFFLED: the validation images in shuffled blocks."""


def modalities_of(sets: Sets) -> list[str]:
    """Return ALL and every modality that a sample has, sorted."""
    return [ALL, *sorted({sample.modality for samples in sets.values() for sample in samples})]


def of_modality(samples: Sequence[Sample], modality: str) -> list[Sample]:
    """Return the samples of a modality, or all of them for ALL."""
    return [sample for sample in samples if modality in {ALL, sample.modality}]


def profiles(samples: Sequence[Sample]) -> Values:
    """Return the (n_images, N_BINS) log spectra of samples."""
    return np.array([sample.profile for sample in samples]).reshape(-1, N_BINS)


def object_values(samples: Sequence[Sample], name: str) -> list[Values]:
    """Return for each image the values of one of OBJECT_MEASURES, or its `n_objects` or `density` per megapixel."""
    if name == "n_objects":
        return [np.array([float(sample.n_objects)]) for sample in samples]
    if name == "density":
        return [np.array([sample.n_objects / sample.megapixels]) for sample in samples]
    return [sample.objects[name].to_numpy(float) for sample in samples]


def histograms(samples: Sequence[Sample], number: int) -> Values:
    """Return the (n_images, 3, 256) shares of the levels of a pixel class, by channel."""
    return np.array([sample.histograms[number] for sample in samples]).reshape(-1, 3, 256)
