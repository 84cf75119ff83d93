"""Numbers as constant maps, for networks that see nothing but maps."""

import torch
from torch import Tensor


def with_planes(maps: Tensor, codes: Tensor) -> Tensor:
    """Return maps (N, C, H, W) and, as constant maps after them, the numbers of codes (N, n): (N, C + n, H, W)."""
    return torch.cat([maps, codes[:, :, None, None].expand(-1, -1, *maps.shape[2:])], dim=1)
