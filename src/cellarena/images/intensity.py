"""From any bit depth and number of channels to the 8-bit RGB that every network sees."""

from typing import Any

import numpy as np
import numpy.typing as npt

from cellarena.images.io import Image


def to_rgb8(image: Image, low: float = 1.0, high: float = 99.0) -> npt.NDArray[np.uint8]:
    """Return an image stretched between two percentiles, channel by channel, as 8-bit RGB.

    A grey image is repeated in all three channels; of two channels the third is black; a fourth (alpha) is dropped.
    A constant channel becomes 0.

    Args:
        image: (H, W) or (H, W, C) of any real type, without NaN.
        low: percentile that becomes 0, in [0, 100).
        high: percentile that becomes 255, in (low, 100].

    Returns:
        (H, W, 3) uint8.
    """
    channels = image[..., None] if image.ndim == 2 else image[..., :3]
    stretched = [_stretch(channels[..., c], low, high) for c in range(channels.shape[2])]
    if len(stretched) == 1:
        stretched *= 3
    if len(stretched) == 2:
        stretched.append(np.zeros_like(stretched[0]))
    return np.stack(stretched, axis=-1)


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
