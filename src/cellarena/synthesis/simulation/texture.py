"""Random fields: the grain of chromatin, the unevenness of tissue and light, the run of fibres."""

import numpy as np
from scipy import ndimage

from cellarena.synthesis.simulation.shapes import Field


def smooth_noise(shape: tuple[int, int], sigma: float, rng: np.random.Generator) -> Field:
    """Return gaussian noise without structure finer than `sigma` pixels.

    Args:
        shape: height and width.
        sigma: standard deviation of the smoothing gaussian, in pixels.
        rng: the stream of the image's texture.

    Returns:
        (H, W) of mean 0 and standard deviation 1.
    """
    noise: Field = ndimage.gaussian_filter(rng.standard_normal(shape), sigma, mode="reflect")
    noise -= noise.mean()
    return noise / max(float(noise.std()), 1e-12)


def fibres(shape: tuple[int, int], spacing: float, rng: np.random.Generator) -> Field:
    """Return wavy bundles that run in one main direction.

    Args:
        shape: height and width.
        spacing: mean distance of neighbouring fibres, in pixels.
        rng: the stream of the image's texture.

    Returns:
        (H, W) in [0, 1].
    """
    size = int(1.5 * max(shape)) + 1
    strands = ndimage.gaussian_filter(rng.standard_normal((size, size)), (spacing / 4, 2 * spacing), mode="wrap")
    strands = 0.5 + 0.45 * strands / strands.std()
    angle = rng.uniform(0, np.pi)
    rows, columns = np.indices(shape) - np.array(shape).reshape(2, 1, 1) / 2
    wave = spacing * smooth_noise(shape, 3 * spacing, rng)
    across = rows * np.cos(angle) - columns * np.sin(angle) + size / 2 + wave
    along = rows * np.sin(angle) + columns * np.cos(angle) + size / 2
    return np.clip(ndimage.map_coordinates(strands, [across, along], order=1, mode="grid-wrap"), 0, 1)


def specks(shape: tuple[int, int], n_specks: int, size: tuple[float, float], rng: np.random.Generator) -> Field:
    """Return debris: small soft spots at random places.

    Args:
        shape: height and width.
        n_specks: how many.
        size: smallest and largest standard deviation of a spot, in pixels.
        rng: the stream of the image's texture.

    Returns:
        (H, W), at least 0; a spot's peak is in [0.3, 1].
    """
    field = np.zeros(shape)
    rows, columns = np.indices(shape)
    for _ in range(n_specks):
        row, column = rng.uniform(0, shape[0]), rng.uniform(0, shape[1])
        along, across = rng.uniform(*size, 2)
        spot = ((rows - row) / along) ** 2 + ((columns - column) / across) ** 2
        field += rng.uniform(0.3, 1.0) * np.exp(-0.5 * spot)
    return field
