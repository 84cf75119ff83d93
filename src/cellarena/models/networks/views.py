"""A still image as a sequence: the same picture from coarse to fine."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


class CoarseToFine(nn.Module):
    """Gaussian blurs of an image, each half as wide as the one before; the image itself comes last.

    Three views have the standard deviations 4, 2 and 0 pixels, one view is the image alone.

    Args:
        n_views: how many there are, at least 1.
    """

    def __init__(self, n_views: int) -> None:
        super().__init__()
        self.n_views = n_views
        for view in range(n_views - 1):
            # Not persistent: constants are no weights, and stay out of a checkpoint.
            self.register_buffer(f"kernel{view}", gaussian_kernel(2.0 ** (n_views - 1 - view)), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Return (T, B, C, H, W) views of images (B, C, H, W)."""
        blurred = [_blurred(images, self.get_buffer(f"kernel{view}")) for view in range(self.n_views - 1)]
        return torch.stack([*blurred, images])


def gaussian_kernel(sigma: float) -> Tensor:
    """Return the (2r + 1,) weights of a Gaussian cut off at r = 3 sigma, which sum to 1."""
    radius = math.ceil(3 * sigma)
    weights = torch.exp(-(torch.arange(-radius, radius + 1, dtype=torch.float32) ** 2) / (2 * sigma**2))
    return weights / weights.sum()


def _blurred(images: Tensor, kernel: Tensor) -> Tensor:
    """Return images filtered along rows, then columns; the edge pixel is repeated."""
    planes, radius = images.flatten(0, 1).unsqueeze(1), len(kernel) // 2
    kernel = kernel.to(images.dtype)
    planes = functional.conv2d(functional.pad(planes, (0, 0, radius, radius), "replicate"), kernel.view(1, 1, -1, 1))
    planes = functional.conv2d(functional.pad(planes, (radius, radius, 0, 0), "replicate"), kernel.view(1, 1, 1, -1))
    return planes.squeeze(1).unflatten(0, images.shape[:2])
