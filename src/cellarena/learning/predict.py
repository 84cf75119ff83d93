"""Tiled inference: activated outputs are averaged under Gaussian weights, for an image of any size."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt
import torch
from monai.inferers.utils import sliding_window_inference
from torch import Tensor, nn

from cellarena.evaluation.costs import NetworkCosts
from cellarena.images.intensity import NORMALISATIONS
from cellarena.learning.costs import measure_network
from cellarena.learning.method_checkpoints import Method
from cellarena.learning.recipe import Inference, precision_of
from cellarena.models.spec import Hyperparameters
from cellarena.targets.spec import Target


class Segmenter(Protocol):
    """What segments images: a network, or several together."""

    @property
    def target(self) -> Target:
        """How its activated output becomes labels."""

    def activations(self, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return its activated output (n_channels, H, W) for an (H, W, 3) uint8 image."""

    def costs(self) -> NetworkCosts:
        """Return its size and the work that a megapixel of image asks of it."""


def segment(segmenter: Segmenter | Method, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint32]:
    """Return the (H, W) label image that is predicted for an (H, W, 3) uint8 image."""
    return segmenter.labels(image) if isinstance(segmenter, Method) else labels_and_output(segmenter, image)[0]


def labels_and_output(
    segmenter: Segmenter, image: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.float32]]:
    """Return what `segment` does, and the activated output (n_channels, H, W) that it was decoded from."""
    activated = segmenter.activations(image)
    return segmenter.target.decode(activated), activated


@dataclass(frozen=True)
class Tiles:
    """How an image is shown to a network.

    Attributes:
        size: height and width of a tile in pixels.
        overlap: share of a tile's sides that neighbours have in common.
        batch_size: tiles that go through the network together.
        normalisation: name in `NORMALISATIONS`.
        precision: `Inference.precision`.
        flips: the axes along which the image is mirrored, view by view; `()` is the image as it is.
    """

    size: tuple[int, int]
    overlap: float
    batch_size: int
    normalisation: str
    precision: str = "32-true"
    flips: tuple[tuple[int, ...], ...] = ((),)

    @classmethod
    def of(cls, hyperparameters: Hyperparameters, settings: Inference) -> Self:
        """Return how a model with these hyperparameters sees images under these settings."""
        flips: tuple[tuple[int, ...], ...] = ((), (0,), (1,), (0, 1)) if settings.mirror else ((),)
        size = hyperparameters.frame(settings.tile)
        own = hyperparameters.normalisation
        return cls(size, settings.overlap, settings.batch_size, own, settings.precision, flips)


@dataclass(frozen=True)
class Network:
    """A network that segments.

    Attributes:
        module: in evaluation mode, on its device.
        target: how its output is activated and becomes labels.
        tiles: how it is shown an image.
    """

    module: nn.Module
    target: Target
    tiles: Tiles

    def activations(self, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return the mean of the activated outputs over the mirrored views of an image.

        Args:
            image: (H, W, 3) uint8, at least 1 x 1.

        Returns:
            (n_channels, H, W) float32.

        Raises:
            TypeError: if the network puts out anything but one tensor.
        """
        pixels = NORMALISATIONS[self.tiles.normalisation](image)(image.astype(np.float32))
        views = [self._view(pixels, axes) for axes in self.tiles.flips]
        mean: npt.NDArray[np.float32] = np.mean(views, axis=0, dtype=np.float32) if len(views) > 1 else views[0]
        return mean

    def costs(self) -> NetworkCosts:
        """Return the network's size, and its work for a megapixel that is seen once."""
        return measure_network(self.module, self.tiles.size)

    def _view(self, pixels: npt.NDArray[np.float32], axes: tuple[int, ...]) -> npt.NDArray[np.float32]:
        output = tiled(self.module, self.target.activate, np.flip(pixels, axes), self.tiles)
        return np.flip(output, tuple(axis + 1 for axis in axes))


def tiled(
    module: nn.Module, activate: Callable[[Tensor], Tensor], pixels: npt.NDArray[np.float32], tiles: Tiles
) -> npt.NDArray[np.float32]:
    """Return a network's activated output for a whole image.

    The image is mirrored up to one tile where it is smaller; larger ones are covered by overlapping tiles whose
    probabilities, not logits, are averaged with a Gaussian of a tile's eighth (nnU-Net's weights).

    Args:
        module: in evaluation mode, on its device.
        activate: makes of raw output what may be averaged.
        pixels: (H, W, 3) normalised image.
        tiles: size, overlap, batch size and precision.

    Returns:
        (n_channels, H, W) float32.

    Raises:
        TypeError: if the network puts out anything but one tensor.
    """
    height, width = pixels.shape[:2]
    missing = [(0, max(0, side - n)) for side, n in zip(tiles.size, (height, width), strict=True)]
    padded = np.pad(pixels, [*missing, (0, 0)], mode="symmetric")
    device = next(module.parameters()).device
    batch = torch.from_numpy(np.ascontiguousarray(np.moveaxis(padded, -1, 0)[None])).to(device)

    def activated(batch_of_tiles: Tensor) -> Tensor:
        output = module(batch_of_tiles)
        if not isinstance(output, Tensor):
            raise TypeError(f"the network puts out {type(output).__name__}, expected one tensor")
        return activate(output.float())

    half = precision_of(tiles.precision, device.type) == "bf16-mixed"
    with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=half):
        merged = sliding_window_inference(
            batch, tiles.size, tiles.batch_size, activated,
            overlap=tiles.overlap, mode="gaussian", sigma_scale=0.125, device=torch.device("cpu"),
        )  # fmt: skip
    assert isinstance(merged, Tensor)  # as `activated` returns one
    whole: npt.NDArray[np.float32] = merged[0, :, :height, :width].numpy()
    return whole
