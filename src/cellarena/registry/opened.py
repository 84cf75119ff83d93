"""A model that was fetched and loaded: what it makes of an image, and how that is signed."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cellarena.datasets.pairs import read_finite
from cellarena.datasets.preparation import Preparation
from cellarena.images.intensity import to_rgb8
from cellarena.images.io import LabelImage
from cellarena.images.picture import Choice, Image
from cellarena.registry.origins import FromRelease, Origin, labels_sha256, software
from cellarena.registry.packages import Package

if TYPE_CHECKING:
    from cellarena.learning.predict import Segmenter

# Measured: 160 of a U-Net, 530 of an ensemble that sees the image 1.5 times as large.
_BYTES_PER_PIXEL = 300


@dataclass(frozen=True)
class OpenRelease:
    """A release that is ready to segment.

    Attributes:
        release: which it is, as label images say it.
        package: what the release says of itself.
        preparation: how intensities are stretched before the network sees them.
        segmenter: the network, or several together, under the settings of the commit's own predictions.
    """

    release: FromRelease
    package: Package
    preparation: Preparation
    segmenter: "Segmenter"

    def segment(self, image: Image | Path | str) -> npt.NDArray[np.uint32]:
        """Return the label image of an image, or of the image in a file.

        Args:
            image: (H, W) or (H, W, C) with C up to 4, of any real type; or the path of a TIFF, PNG, BMP or JPEG file.

        Returns:
            (H, W) uint32; 0 is background.

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: if it is no image, cannot be read, or holds NaN.
            SecurityError: if the file declares more pixels than are read.
            MemoryError: if it would take more memory than this machine has free.
        """
        from cellarena.learning.predict import segment

        pixels = read_finite(Path(image), Choice()).pixels if isinstance(image, Path | str) else _checked(image)
        self._refuse_beyond_memory(pixels.shape[0] * pixels.shape[1])
        return segment(self.segmenter, self.as_seen(pixels))

    def as_seen(self, image: Image) -> npt.NDArray[np.uint8]:
        """Return the (H, W, 3) 8-bit RGB image that stage preprocess would make of an image."""
        return to_rgb8(image, self.preparation.low, self.preparation.high)

    def origin_of(self, image: str, image_sha256: str, labels: LabelImage) -> Origin:
        """Return what the label image of an image says of itself.

        Args:
            image: name of its file.
            image_sha256: of that file.
            labels: (H, W) label image that this release made of it.
        """
        return Origin(
            software=software(), run=self.package.run, weights=self.package.weights, image=image,
            image_sha256=image_sha256, labels_sha256=labels_sha256(labels), release=self.release,
        )  # fmt: skip

    def _refuse_beyond_memory(self, n_pixels: int) -> None:
        """The system kills a process that takes too much, and with it all that it has not yet done."""
        import psutil

        scales = getattr(self.segmenter, "scales", (1.0,))
        needed = n_pixels * _BYTES_PER_PIXEL * max(1.0, *scales) ** 2
        free = psutil.virtual_memory().available
        if needed > free:
            raise MemoryError(
                f"{n_pixels:,} pixels take about {needed / 1e9:.1f} GB of memory, {free / 1e9:.1f} GB are free; "
                "cut the image into parts or use a larger machine"
            )


def _checked(image: Image) -> Image:
    pixels = np.asarray(image)
    if pixels.ndim not in {2, 3} or (pixels.ndim == 3 and not 1 <= pixels.shape[2] <= 4) or not pixels.size:
        raise ValueError(
            f"an array of shape {pixels.shape} is no image: it is (H, W) or (H, W, C) with up to 4 channels"
        )
    if pixels.dtype.kind not in "biuf" or (pixels.dtype.kind == "f" and not np.isfinite(pixels).all()):
        raise ValueError("the image holds NaN, infinity or other than real numbers; replace them")
    return pixels
