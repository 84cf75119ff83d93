"""Tiled inference: activated outputs are averaged under Gaussian weights, for an image of any size."""

import numpy as np
import numpy.typing as npt
import torch
from monai.inferers.utils import sliding_window_inference
from torch import Tensor, nn

from cellarena.learning.recipe import Inference
from cellarena.targets.spec import Target


def activations(
    network: nn.Module, target: Target, image: npt.NDArray[np.uint8], settings: Inference
) -> npt.NDArray[np.float32]:
    """Return a network's activated output for a whole image.

    The image is mirrored up to one tile where it is smaller; larger ones are covered by overlapping tiles whose
    probabilities, not logits, are averaged with a Gaussian of a tile's eighth (nnU-Net's weights).

    Args:
        network: in evaluation mode, on its device.
        target: how the output is activated.
        image: (H, W, 3) uint8, at least 1 x 1.
        settings: tile, overlap and batch size.

    Returns:
        (n_channels, H, W) float32.

    Raises:
        TypeError: if the network puts out anything but one tensor.
    """
    height, width = image.shape[:2]
    padded = np.pad(image, [(0, max(0, settings.tile - n)) for n in (height, width)] + [(0, 0)], mode="symmetric")
    device = next(network.parameters()).device
    batch = torch.from_numpy(np.moveaxis(padded, -1, 0)[None].astype(np.float32) / 255).to(device)

    def activated(tiles: Tensor) -> Tensor:
        output = network(tiles)
        if not isinstance(output, Tensor):
            raise TypeError(f"the network puts out {type(output).__name__}, expected one tensor")
        return target.activate(output.float())

    with torch.inference_mode():
        merged = sliding_window_inference(
            batch, settings.tile, settings.batch_size, activated,
            overlap=settings.overlap, mode="gaussian", sigma_scale=0.125, device=torch.device("cpu"),
        )  # fmt: skip
    assert isinstance(merged, Tensor)  # as `activated` returns one
    whole: npt.NDArray[np.float32] = merged[0, :, :height, :width].numpy()
    return whole


def segment(
    network: nn.Module, target: Target, image: npt.NDArray[np.uint8], settings: Inference
) -> npt.NDArray[np.uint32]:
    """Return the (H, W) label image that a network predicts for an (H, W, 3) uint8 image."""
    return target.decode(activations(network, target, image, settings))
