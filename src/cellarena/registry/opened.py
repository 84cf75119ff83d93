"""A model that was fetched and loaded: what it makes of an image, and how that is signed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cellarena.datasets.preparation import Preparation
from cellarena.datasets.reading.image_files import read_finite
from cellarena.images.channels import chosen, plain_names, refuse_unlearnt
from cellarena.images.containers.showing import shown
from cellarena.images.intensity import to_rgb8
from cellarena.images.io import LabelImage
from cellarena.images.picture import Choice, Image, Picture, Stored
from cellarena.registry.origins import FromRelease, Origin, labels_sha256, software
from cellarena.registry.packages import Package

if TYPE_CHECKING:
    from cellarena.learning.method_checkpoints import Method
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
    segmenter: "Segmenter | Method"

    def segment(self, image: Image | Path | str, channels: Sequence[str | int] = ()) -> npt.NDArray[np.uint32]:
        """Return the label image of an image, or of the image in a file.

        Args:
            image: (H, W) or (H, W, C), of any real type; or the path of a TIFF, PNG, BMP or JPEG file.
            channels: names, or numbers from 1, of those to use; needed where there are more than three.

        Returns:
            (H, W) uint32; 0 is background.

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: if it is no image, cannot be read, holds NaN, or has other channels than this release learnt
                from.
            SecurityError: if the file declares more pixels than are read.
            MemoryError: if it would take more memory than this machine has free.
        """
        choice = self.choice(channels)
        if isinstance(image, Path | str):
            return self.segment_picture(read_finite(Path(image), choice), choice)
        return self.segment_picture(_as_picture(image, choice), choice)

    def choice(self, channels: Sequence[str | int] = ()) -> Choice:
        """Return what this release wants of a file, of which somebody chose the channels or none."""
        learnt = tuple(tuple(names) for names in self.package.data.channels)
        return Choice(channels=tuple(map(str, channels)), learnt=learnt)

    def segment_picture(self, picture: Picture, choice: Choice) -> npt.NDArray[np.uint32]:
        """Return the (H, W) uint32 label image of a picture that was read with a choice of this release's.

        Raises:
            ValueError: if it has other channels than this release learnt from.
            MemoryError: if it would take more memory than this machine has free.
        """
        from cellarena.learning.predict import segment

        refuse_unlearnt(picture.channel_names, choice)
        self._refuse_beyond_memory(picture.pixels.shape[0] * picture.pixels.shape[1])
        return segment(self.segmenter, self.as_seen(picture.pixels))

    def as_seen(self, image: Image) -> npt.NDArray[np.uint8]:
        """Return the (H, W, 3) 8-bit RGB image that stage preprocess would make of an image."""
        return to_rgb8(image, self.preparation.low, self.preparation.high)

    def origin_of(self, image: str, image_sha256: str, labels: LabelImage, channels: Sequence[str] = ()) -> Origin:
        """Return what the label image of an image says of itself.

        Args:
            image: name of its file.
            image_sha256: of that file.
            labels: (H, W) label image that this release made of it.
            channels: of the image, as somebody chose them.
        """
        return Origin(
            software=software(), run=self.package.run, weights=self.package.weights, image=image,
            image_sha256=image_sha256, labels_sha256=labels_sha256(labels), release=self.release,
            channels=list(channels),
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


def _as_picture(image: Image, choice: Choice) -> Picture:
    """Return an array as a picture.

    Raises:
        ValueError: if it is no image, or has too many channels or lacks a chosen one.
    """
    pixels = np.asarray(image)
    if pixels.ndim not in {2, 3} or not pixels.size:
        raise ValueError(f"an array of shape {pixels.shape} is no image: it is (H, W) or (H, W, C)")
    if pixels.dtype.kind not in "biuf" or (pixels.dtype.kind == "f" and not np.isfinite(pixels).all()):
        raise ValueError("the image holds NaN, infinity or other than real numbers; replace them")
    names = plain_names(1 if pixels.ndim == 2 else pixels.shape[2])
    picked = chosen(names, choice)
    if pixels.ndim == 3:
        pixels = pixels[..., picked if len(picked) > 1 else picked[0]]
    return shown(Stored(pixels, tuple(names[channel] for channel in picked)), choice)
