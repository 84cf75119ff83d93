"""The classical floor: what needs no learning, and what a network that learns nothing cannot beat."""

import numpy as np
import numpy.typing as npt
from pydantic import Field

from cellarena.images.labels import consecutive, without_small
from cellarena.methods.spec import METHODS, MethodSpec
from cellarena.section import Section


class Otsu(Section):
    """The settings of the method; none of them is learnt."""

    sigma: float = Field(ge=0, le=20)
    """Of the Gaussian that smooths image and distances, in pixels."""
    seed_distance: int = Field(ge=1)
    """Between two seeds at least, in pixels."""
    min_size: int = Field(ge=0)
    """Of an object, in pixels; smaller ones are background."""


def otsu_watershed(image: npt.NDArray[np.uint8], settings: Otsu) -> npt.NDArray[np.uint32]:
    """Return objects, (H, W) labels 1..n, of an (H, W, 3) image; none where it has one value.

    They come from Otsu's threshold, foreground being the side of it that the image's frame has less of, and a watershed
    of the distance to the background.

    Source:
        Otsu, IEEE Trans. SMC 9 (1979); watershed of the distance map as in scikit-image's example.
    """
    from scipy import ndimage
    from skimage.feature import peak_local_max
    from skimage.filters import gaussian, threshold_otsu
    from skimage.segmentation import watershed

    grey = gaussian(image.mean(axis=2), sigma=settings.sigma)
    if grey.max() - grey.min() < 1:
        return np.zeros(grey.shape, np.uint32)
    bright = grey > threshold_otsu(grey)
    frame = np.concatenate([bright[0], bright[-1], bright[:, 0], bright[:, -1]])
    foreground = bright if frame.mean() < 0.5 else ~bright
    distance = gaussian(ndimage.distance_transform_edt(foreground), sigma=settings.sigma)
    pieces, _ = ndimage.label(foreground)
    peaks = peak_local_max(distance, min_distance=settings.seed_distance, labels=pieces, exclude_border=False)
    seeds = np.zeros(grey.shape, np.int32)
    seeds[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    objects = watershed(-distance, seeds, mask=foreground)
    return consecutive(without_small(objects, settings.min_size))


METHODS.register("otsu")(MethodSpec(Otsu, otsu_watershed, "Otsu threshold, distance watershed"))
