"""Noise of real images, and as much on top of re-composed ones as they lack."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cellarena.synthesis.generators.texture.shapes import Field

# Immerkaer's difference of two Laplacians: blind to slopes, it returns white noise with its own variance.
_KERNEL = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32) / 6
_FEWEST = 50


def noise_covariance(pixels: Field, where: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Return the covariance of the noise of the three channels (Immerkaer 1996, doi 10.1006/cviu.1996.0060).

    Args:
        pixels: (H, W, 3) in 0..255.
        where: (H, W), the pixels that count.

    Returns:
        (3, 3), in square grey values; 0 if fewer than 50 pixels count.
    """
    if np.count_nonzero(where) < _FEWEST:
        return np.zeros((3, 3))
    rough = [ndimage.convolve(pixels[..., c], _KERNEL, mode="mirror")[where] for c in range(3)]
    values = np.stack(rough).astype(np.float64)
    covariance: npt.NDArray[np.float64] = values @ values.T / values.shape[1]
    return covariance


def lacking_noise(
    pixels: Field,
    where: npt.NDArray[np.bool_],
    wanted: npt.NDArray[np.float64],
    rng: np.random.Generator,
) -> Field:
    """Return noise that brings a part of an image to the wanted covariance; none where it is rough enough already.

    Its variance follows the intensity as that of shot noise over read noise does, and has the lacking one as its mean.

    Args:
        pixels: (H, W, 3) in 0..255.
        where: (H, W), the part.
        wanted: (3, 3) as from `noise_covariance`.
        rng: the stream of the noise.

    Returns:
        (n, 3) for the n pixels of the part, row by row.
    """
    values, vectors = np.linalg.eigh(wanted - noise_covariance(pixels, where))
    spread = vectors * np.sqrt(np.maximum(values, 0))
    white = rng.standard_normal((np.count_nonzero(where), 3))
    light = np.maximum(pixels[where].mean(axis=1), 0) + 16
    noise: Field = (np.sqrt(light / light.mean())[:, None] * (white @ spread.T)).astype(np.float32)
    return noise
