"""Images, classes and codes as networks see them, and back."""

from collections.abc import Mapping
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from cellarena.hardware import multiplies_bfloat16
from cellarena.synthesis.networks.conditions import N_CLASSES

Network = TypeVar("Network", bound=nn.Module)


def signed(images: npt.NDArray[np.uint8]) -> Tensor:
    """Return images (N, H, W, C) as (N, C, H, W) float32 in [-1, 1]."""
    return torch.from_numpy(images).permute(0, 3, 1, 2).float() / 127.5 - 1


def pixels_of(image: Tensor) -> npt.NDArray[np.uint8]:
    """Return an image (C, H, W) in [-1, 1] as (H, W, C) uint8."""
    scaled = ((image + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    return np.ascontiguousarray(scaled.permute(1, 2, 0).cpu().numpy())


def one_hot(classes: npt.NDArray[np.uint8]) -> Tensor:
    """Return (N, H, W) classes as (N, 3, H, W) float32."""
    return functional.one_hot(torch.from_numpy(classes).long(), N_CLASSES).permute(0, 3, 1, 2).float()


def with_planes(maps: Tensor, codes: Tensor) -> Tensor:
    """Return maps (N, C, H, W) and, as constant maps after them, the numbers of codes (N, n): (N, C + n, H, W)."""
    return torch.cat([maps, codes[:, :, None, None].expand(-1, -1, *maps.shape[2:])], dim=1)


def half_precision(device: str) -> torch.autocast:
    """Return the context in which networks multiply bfloat16 where the device does so in hardware."""
    return torch.autocast(device.partition(":")[0], torch.bfloat16, enabled=multiplies_bfloat16(device))


def weights_of(network: nn.Module, prefix: str) -> dict[str, Tensor]:
    """Return a network's tensors as a generator stores them: their names begin with `prefix` and a dot."""
    return {f"{prefix}.{name}": tensor for name, tensor in network.state_dict().items()}


def filled(network: Network, weights: Mapping[str, Tensor], prefix: str, device: str) -> Network:
    """Return a network with the tensors that `weights_of` returned, on a device of torch, to be used.

    Raises:
        ValueError: if names, shapes or types differ from the network's.
    """
    start = f"{prefix}."
    found = {name.removeprefix(start): tensor for name, tensor in weights.items() if name.startswith(start)}
    wanted = network.state_dict()
    kinds = [{name: (t.shape, t.dtype) for name, t in tensors.items()} for tensors in (found, wanted)]
    if odd := sorted(name for name in found.keys() | wanted.keys() if kinds[0].get(name) != kinds[1].get(name)):
        raise ValueError(f"the weights do not fit the network ({len(odd)} tensors differ, the first is {odd[0]})")
    network.load_state_dict(found)
    return network.to(device).eval()
