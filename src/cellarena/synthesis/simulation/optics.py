"""From a perfect picture to a recorded one: focus, uneven light, shot and read noise, bit depth."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cellarena.synthesis.simulation.shapes import Field
from cellarena.synthesis.simulation.texture import smooth_noise


def blur(image: Field, sigma: float) -> Field:
    """Return an image seen through a gaussian point spread function of `sigma` pixels, channel by channel."""
    blurred: Field = ndimage.gaussian_filter(image, (sigma, sigma, 0)[: image.ndim], mode="nearest")
    return blurred


def illumination(shape: tuple[int, int], strength: float, rng: np.random.Generator) -> Field:
    """Return uneven light: an off-centre fall-off and a slow wave.

    Args:
        shape: height and width.
        strength: how much darker the darkest corner may be, in [0, 1).
        rng: the stream of the image's optics.

    Returns:
        (H, W) in (0, 1], largest value 1.
    """
    rows, columns = (np.linspace(-1, 1, size) for size in shape)
    row, column = rng.uniform(-0.8, 0.8, 2)
    fall = (rows[:, None] - row) ** 2 + (columns[None, :] - column) ** 2
    wave = smooth_noise(shape, min(shape) / 4, rng)
    uneven: Field = 1 - strength * np.clip(fall / 4 + 0.15 * wave, 0, 1)
    return uneven / float(uneven.max())


def expose(image: Field, electrons: float, read_noise: float, rng: np.random.Generator) -> Field:
    """Return what a sensor records of an image.

    Args:
        image: light, 1 at the sensor's full well.
        electrons: those of a full well: fewer mean more shot noise.
        read_noise: standard deviation per pixel, in electrons.
        rng: the stream of the image's sensor.

    Returns:
        The image with shot noise (the normal limit of the Poisson law) and read noise, clipped to [0, 1].
    """
    signal = np.clip(image, 0, None) * electrons
    noisy = signal + np.sqrt(signal + read_noise**2) * rng.standard_normal(image.shape)
    return np.clip(noisy / electrons, 0, 1)


def digitise(image: Field, largest: int) -> npt.NDArray[Any]:
    """Return an image in [0, 1] as integers from 0 to `largest`: uint8 up to 255, else uint16."""
    return np.rint(image * largest).astype(np.uint8 if largest <= 255 else np.uint16)
