"""Pixels counted by what was predicted and what is true: all that calibration needs to know of an image."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cellarena.images.io import LabelImage
from cellarena.images.labels import inner_boundary
from cellarena.images.probabilities import N_CODES, Codes, log_probabilities

Counts = npt.NDArray[np.int64]

N_CLASSES = 3
BAND = 3
"""Width in pixels of the band on either side of an annotated object's boundary."""


@dataclass(frozen=True, eq=False)
class PixelCounts:
    """Predictions and how often each was made.

    Attributes:
        log_probabilities: (k, n_classes) natural logarithms of what was predicted.
        counts: (k, n_classes) how many pixels of each true class it was predicted for.
    """

    log_probabilities: npt.NDArray[np.float64]
    counts: Counts

    @classmethod
    def of(cls, counts: Counts) -> "PixelCounts":
        """Return the pixel counts of `count_pixels`, or of a sum of them."""
        found = counts.any(axis=1)
        return cls(log_probabilities()[found], counts[found])

    def scaled(self, temperature: float) -> "PixelCounts":
        """Return the pixel counts with the logarithms divided by a temperature above 0 and made probabilities again.

        At an undefined temperature (NaN) nothing is predicted: there are no counts.
        """
        if np.isnan(temperature):
            return PixelCounts(self.log_probabilities[:0], self.counts[:0])
        return PixelCounts(scaled_log_probabilities(self.log_probabilities, temperature), self.counts)


def scaled_log_probabilities(logarithms: npt.NDArray[np.float64], temperature: float) -> npt.NDArray[np.float64]:
    """Return log probabilities (k, n_classes) at a temperature: the softmax of what they are divided by it.

    The logarithms of a network's softmax are its logits up to a constant, so that this is temperature scaling (Guo et
    al., "On calibration of modern neural networks", ICML 2017). The most likely class stays the most likely one.

    Raises:
        ValueError: if the temperature is not above 0.
    """
    if not temperature > 0:
        raise ValueError(f"temperature {temperature} is not above 0")
    divided = logarithms / temperature
    return np.asarray(divided - np.logaddexp.reduce(divided, axis=1, keepdims=True))


def count_pixels(codes: Codes, classes: npt.NDArray[np.uint8], region: npt.NDArray[np.bool_]) -> Counts:
    """Return how many pixels of a region have each code and class; counts of several images may be added.

    Args:
        codes: (H, W) probabilities as `images.probabilities` encodes them.
        classes: (H, W) true classes 0, 1 and 2.
        region: (H, W) the pixels that count.

    Returns:
        (65536, 3) int64.

    Raises:
        ValueError: if the shapes differ.
    """
    if not codes.shape == classes.shape == region.shape:
        raise ValueError(f"probabilities {codes.shape}, annotation {classes.shape} and region {region.shape} differ")
    both = codes[region].astype(np.int64) * N_CLASSES + classes[region]
    return np.bincount(both, minlength=N_CODES * N_CLASSES).astype(np.int64).reshape(N_CODES, N_CLASSES)


def band_around_boundaries(labels: LabelImage, width: int = BAND) -> npt.NDArray[np.bool_]:
    """Return the pixels at most `width` pixels from the boundary of an object, inside and outside of it."""
    from scipy import ndimage

    boundary = inner_boundary(labels)
    if not boundary.any():
        return boundary
    distance = ndimage.distance_transform_edt(~boundary)
    # Inside, the boundary's own pixels are the first of the band.
    return np.asarray(distance <= np.where(labels > 0, width - 1, width))
