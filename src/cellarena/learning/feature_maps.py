"""What the convolutions of a network hold and put out, read by hooks while it sees an image."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

Maps = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Layer:
    """A convolution at work.

    Attributes:
        name: of the module in its network.
        maps: (C, h, w) float32, what it put out for the image.
    """

    name: str
    maps: Maps

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the maps in pixels."""
        return self.maps.shape[1], self.maps.shape[2]


def feature_maps(network: nn.Module, pixels: npt.NDArray[np.float32]) -> list[Layer]:
    """Return the output of every convolution in the order in which they work, transposed ones included.

    Args:
        network: in evaluation mode, on its device.
        pixels: (H, W, 3) normalised image of a size that the network takes.

    Raises:
        ValueError: if the network has no convolution over two dimensions.
    """
    found: list[Layer] = []

    def keep(name: str, _module: nn.Module, _inputs: Any, output: Tensor) -> None:
        found.append(Layer(name, output[0].detach().float().cpu().numpy()))

    hooks = [
        module.register_forward_hook(partial(keep, name))
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d)
    ]
    device = next(network.parameters()).device
    batch = torch.from_numpy(np.ascontiguousarray(np.moveaxis(pixels, -1, 0)[None])).to(device)
    try:
        with torch.inference_mode():
            network(batch)
    finally:
        for hook in hooks:
            hook.remove()
    if not found:
        raise ValueError("the network has no convolution whose maps could be shown")
    return found


def by_resolution(layers: Sequence[Layer]) -> list[Layer]:
    """Return the last layer of each resolution down to the coarsest, then of each on the way up, in their order."""
    sizes = [layer.size for layer in layers]
    coarsest = max(i for i, size in enumerate(sizes) if size == min(sizes))
    down = {layer.size: layer for layer in layers[: coarsest + 1]}
    up = {layer.size: layer for layer in layers[coarsest + 1 :]}
    return [*down.values(), *up.values()]


def first_filters(network: nn.Module, layers: Sequence[Layer]) -> Maps:
    """Return the filters of the layer that works first: (n, k, k) weights, summed over the channels of its input.

    On a grey image, whose three channels are equal, the sum is all that matters.
    """
    weight = network.get_submodule(layers[0].name).weight
    assert isinstance(weight, Tensor)  # as only convolutions are layers
    summed: Maps = weight.detach().float().cpu().sum(dim=1).numpy()
    return summed


def most_varied(maps: Maps, n: int) -> npt.NDArray[np.intp]:
    """Return the numbers of the at most `n` channels with the largest standard deviation, ascending."""
    deviations = maps.std(axis=(1, 2))
    return np.sort(np.argsort(-deviations, kind="stable")[:n])
