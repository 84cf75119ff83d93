"""Several networks as one: the mean of their activated outputs, over the members and over scales of the image."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image as Pillow
from torch.nn import functional

from cellarena.evaluation.costs import NetworkCosts
from cellarena.learning.predict import Network
from cellarena.targets.spec import Target

_LARGE = 25_000_000
"""Pixels above which an image is seen at scale 1 only, as team saltfish did in the challenge."""


@dataclass(frozen=True)
class ScaledMean:
    """Networks that segment together.

    Attributes:
        members: that learnt one target, at least one.
        target: how their mean becomes labels.
        scales: what height and width of an image are multiplied by, view by view, at least one.
    """

    members: Sequence[Network]
    target: Target
    scales: Sequence[float]

    def activations(self, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return the mean over members and scales of probabilities and distances, never of logits.

        Args:
            image: (H, W, 3) uint8, at least 1 x 1; seen at scale 1 only if it has more than 25 million pixels.

        Returns:
            (n_channels, H, W) float32.
        """
        height, width = image.shape[:2]
        scales = self.scales if height * width <= _LARGE else (1.0,)
        total = np.zeros((self.target.n_channels, height, width), np.float32)
        for scale in scales:
            view = _scaled(image, scale)
            for member in self.members:
                total += _resized(member.activations(view), (height, width))
        return total / np.float32(len(scales) * len(self.members))

    def costs(self) -> NetworkCosts:
        """Return the members' parameters, and their multiply-adds for a megapixel of image at all scales, summed."""
        members = [member.costs() for member in self.members]
        return NetworkCosts(
            n_parameters=sum(member.n_parameters for member in members),
            multiply_adds_per_megapixel=sum(
                member.multiply_adds_per_megapixel * scale**2 for member in members for scale in self.scales
            ),
        )


def _scaled(image: npt.NDArray[np.uint8], scale: float) -> npt.NDArray[np.uint8]:
    """Return the image resized bilinearly; where it shrinks, each pixel is a mean, so that fine detail does not alias.

    Networks take 8-bit images, to which the result is rounded.
    """
    height, width = (max(1, round(side * scale)) for side in image.shape[:2])
    if (height, width) == image.shape[:2]:
        return image
    return np.asarray(Pillow.fromarray(image).resize((width, height), Pillow.Resampling.BILINEAR))


def _resized(output: npt.NDArray[np.float32], size: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Return an activated output at the height and width of the image, interpolated bilinearly."""
    if output.shape[1:] == size:
        return output
    batch = torch.from_numpy(np.ascontiguousarray(output)[None])
    resized: npt.NDArray[np.float32] = functional.interpolate(batch, size, mode="bilinear")[0].numpy()
    return resized
