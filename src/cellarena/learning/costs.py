"""Measuring what a network costs: its size, its work, and the memory of the process that it ran in."""

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cellarena.evaluation.costs import MEGAPIXEL, NetworkCosts

if TYPE_CHECKING:
    from torch import nn


def measure_network(network: "nn.Module", tile: tuple[int, int]) -> NetworkCosts:
    """Return a network's number of parameters and its multiply-adds per megapixel of input.

    Convolutions, matrix products and attention are counted in one pass over one tile in evaluation mode, as half of
    the floating-point operations that torch's FlopCounterMode sees; normalisation and activations are not. Tiles that
    overlap and mirrored passes come on top of it.

    Args:
        network: in evaluation mode, on its device; maps (1, 3, *tile) float32.
        tile: height and width of a tile at prediction, in pixels.
    """
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    device = next(network.parameters()).device
    # The counter does not see into torch's flash attention for CPUs.
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        network(torch.zeros(1, 3, *tile, device=device))
    return NetworkCosts(
        n_parameters=sum(parameter.numel() for parameter in network.parameters()),
        multiply_adds_per_megapixel=counter.get_total_flops() / 2 * MEGAPIXEL / math.prod(tile),
    )


def device_name(device: str) -> str:
    """Return a device as a table names it: speed depends on the card, or on the number of threads."""
    import torch

    if device.startswith("cuda"):
        return f"{device}, {torch.cuda.get_device_name(device)}"
    n = torch.get_num_threads()
    return f"{device}, {n} thread{'s' * (n > 1)}" if device == "cpu" else device


def peak_memory_mb(device: str) -> float:
    """Return the most memory that this process held so far, in 10^6 bytes.

    Args:
        device: torch's name of it: of a CUDA device what torch allocated there, else the process's resident set.
    """
    if device.startswith("cuda"):
        import torch

        return torch.cuda.max_memory_allocated(device) / 1e6
    return _peak_resident_bytes() / 1e6


def _peak_resident_bytes() -> int:
    # Linux' getrusage counts the peak of the process that started this one too, and DVC is larger than a small one.
    status = Path("/proc/self/status")
    for line in status.read_text().splitlines() if status.is_file() else ():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
