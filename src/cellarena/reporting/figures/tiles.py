"""Cutting the telling part out of an image and bringing it to the size at which it is shown."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow

from cellarena.images.intensity import to_rgb8
from cellarena.images.picture import Image
from cellarena.images.windows import Window


@dataclass(frozen=True)
class Tile:
    """A part of an image as it is shown: rgb (h, w, 3) uint8; `extent` places it in the part's own pixels."""

    rgb: npt.NDArray[np.uint8]
    extent: tuple[float, float, float, float]


def tile(image: Image, place: Window, side: int) -> Tile:
    """Return a part of an image, stretched over the whole image's percentiles, fitted into side x side pixels.

    Small parts are magnified by repeating pixels, large ones reduced with a Lanczos filter.

    Args:
        image: (H, W) or (H, W, C), as in `images.intensity.to_rgb8`.
        place: rows and columns.
        side: of the square that it is fitted into, in pixels.
    """
    return fitted(to_rgb8(image)[place], side)


def fitted(part: npt.NDArray[np.uint8], side: int) -> Tile:
    """Return an (H, W, 3) part of an image, fitted into side x side pixels as `tile` does it."""
    height, width = part.shape[:2]
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    how = Pillow.Resampling.NEAREST if scale >= 1 else Pillow.Resampling.LANCZOS
    return Tile(np.asarray(Pillow.fromarray(part).resize(size, how)), (-0.5, width - 0.5, height - 0.5, -0.5))
