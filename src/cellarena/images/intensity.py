"""From any bit depth and number of channels to the 8-bit RGB that every network sees."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from cellarena.images.picture import Image

Pixels = npt.NDArray[np.float32]
Rescaling = Callable[[Pixels], Pixels]
"""From pixels (..., 3) of one image in 0..255 to what a network sees of them."""


def to_rgb8(image: Image, low: float = 1.0, high: float = 99.0) -> npt.NDArray[np.uint8]:
    """Return an image stretched between two percentiles, channel by channel, as 8-bit RGB, (H, W, 3).

    A grey image is repeated in all three channels; of two channels the third is black. A constant channel becomes 0.

    Args:
        image: (H, W) or (H, W, C) with C up to 3, of any real type, without NaN.
        low: percentile that becomes 0, in [0, 100).
        high: percentile that becomes 255, in (low, 100].

    Raises:
        ValueError: if there are more than three channels: none is left out unasked.
    """
    channels = image[..., None] if image.ndim == 2 else image
    if channels.shape[2] > 3:
        raise ValueError(f"an image of shape {image.shape} has {channels.shape[2]} channels; choose up to three")
    stretched = [_stretch(channels[..., c], low, high) for c in range(channels.shape[2])]
    if len(stretched) == 1:
        stretched *= 3
    if len(stretched) == 2:
        stretched.append(np.zeros_like(stretched[0]))
    return np.stack(stretched, axis=-1)


def unit(image: npt.NDArray[np.uint8]) -> Rescaling:  # noqa: ARG001  # the same for every image
    """Return what makes 0..1 of 0..255."""
    return partial(_linear, np.zeros(3, np.float32), np.full(3, 1 / 255, np.float32))


def z_score(image: npt.NDArray[np.uint8]) -> Rescaling:
    """Return what gives each channel of this (H, W, 3) image mean 0 and deviation 1; a constant channel becomes 0.

    The rule is nnU-Net's (doi 10.1038/s41592-020-01008-z).
    """
    return partial(_linear, *_mean_and_inverse_deviation(image.reshape(-1, 3)))


def z_score_nonzero(image: npt.NDArray[np.uint8]) -> Rescaling:
    """Return what gives the pixels that are not black mean 0 and deviation 1 by channel, and leaves 0 black.

    nnU-Net's rule for images that lie in black frames. It takes a frame's holes for image; here a pixel that is black
    in all channels is black wherever it lies.
    """
    lit = image[image.any(axis=-1)]
    return partial(_linear_but_black, *_mean_and_inverse_deviation(lit if lit.size else image.reshape(-1, 3)))


NORMALISATIONS: dict[str, Callable[[npt.NDArray[np.uint8]], Rescaling]] = {
    "unit": unit,
    "z_score": z_score,
    "z_score_nonzero": z_score_nonzero,
}
"""How networks may want their images, by name."""


def _mean_and_inverse_deviation(pixels: npt.NDArray[np.uint8]) -> tuple[Pixels, Pixels]:
    means, deviations = pixels.mean(axis=0), pixels.std(axis=0)
    return means.astype(np.float32), (1 / np.maximum(deviations, 1e-8)).astype(np.float32)


def _linear(offset: Pixels, factor: Pixels, pixels: Pixels) -> Pixels:
    return (pixels - offset) * factor


def _linear_but_black(offset: Pixels, factor: Pixels, pixels: Pixels) -> Pixels:
    return np.where(pixels.any(axis=-1, keepdims=True), _linear(offset, factor, pixels), np.float32(0))


def _stretch(channel: Image, low: float, high: float) -> npt.NDArray[np.uint8]:
    precise = np.float32 if channel.dtype.itemsize <= 2 else np.float64
    values: npt.NDArray[np.floating[Any]] = channel.astype(precise)
    bottom, top = (float(edge) for edge in np.percentile(values, [low, high]))
    if top <= bottom:
        bottom, top = float(values.min()), float(values.max())
    if top <= bottom:
        return np.zeros(channel.shape, np.uint8)
    stretched: npt.NDArray[np.uint8] = np.rint(np.clip((values - bottom) / (top - bottom), 0, 1) * 255).astype(np.uint8)
    return stretched
