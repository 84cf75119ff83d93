"""The network that adversarial generators paint with."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

N_NOISE = 2
"""Channels of noise that it sees."""
SLOPE = 0.2


class StyledConvolution(nn.Module):
    """3x3 convolution, instance normalisation, scale and shift by a style, leaky ReLU.

    The style enters after the normalisation, which would take a constant channel away again (Perez et al., FiLM, 2018,
    arXiv 1709.07871).

    Args:
        n_in: channels in.
        n_out: channels out.
        n_style: numbers of the style.
        stride: 2 halves height and width.
    """

    def __init__(self, n_in: int, n_out: int, n_style: int, stride: int = 1) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(n_in, n_out, 3, stride, padding=1, bias=False)
        self.normalisation = nn.InstanceNorm2d(n_out)
        self.modulation = nn.Linear(n_style, 2 * n_out)

    def forward(self, maps: Tensor, style: Tensor) -> Tensor:
        """Return (N, n_out, H / stride, W / stride) of (N, n_in, H, W) and the style (N, n_style)."""
        scale, shift = self.modulation(style)[:, :, None, None].chunk(2, dim=1)
        return functional.leaky_relu(self.normalisation(self.convolution(maps)) * (1 + scale) + shift, SLOPE)


class UNetGenerator(nn.Module):
    """U-Net whose every convolution follows a style; it enlarges bilinearly, so that no checkerboard appears.

    After Isola et al., CVPR 2017, arXiv 1611.07004, and Odena et al., Distill 2016, doi 10.23915/distill.00003.

    Args:
        n_in: channels of the input.
        n_style: numbers of the style.
        width: channels of the first level; every further level has twice as many, up to eight times.
        levels: how many resolutions there are; height and width are multiples of 2 ** (levels - 1).
    """

    def __init__(self, n_in: int, n_style: int, width: int, levels: int) -> None:
        super().__init__()
        widths = [width * min(2**level, 8) for level in range(levels)]
        self.multiple = 2 ** (levels - 1)
        self.style = nn.Sequential(nn.Linear(n_style, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU())
        self.first = StyledConvolution(n_in, width, 64)
        self.down = nn.ModuleList(StyledConvolution(a, b, 64, 2) for a, b in pairwise(widths))
        self.along = nn.ModuleList(StyledConvolution(b, b, 64) for b in widths[1:])
        # Channels are reduced before the image is enlarged: most of the time goes into the largest maps.
        self.reduce = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in pairwise(widths))
        self.up = nn.ModuleList(StyledConvolution(2 * a, a, 64) for a in widths[:-1])
        self.last = nn.Conv2d(width, 3, 3, padding=1)

    def forward(self, maps: Tensor, style: Tensor) -> Tensor:
        """Return images (N, 3, H, W) float32 in [-1, 1] for maps (N, n_in, H, W) and styles (N, n_style)."""
        code = self.style(style)
        kept = [self.first(maps, code)]
        for down, along in zip(self.down, self.along, strict=True):
            kept.append(along(down(kept[-1], code), code))
        found = kept.pop()
        for reduce, up in zip(reversed(self.reduce), reversed(self.up), strict=True):
            larger = functional.interpolate(reduce(found), scale_factor=2, mode="bilinear", align_corners=False)
            found = up(torch.cat([larger, kept.pop()], dim=1), code)
        return torch.tanh(self.last(found).float())

    def padding(self, shape: tuple[int, ...]) -> list[tuple[int, int]]:
        """Return how much, for `numpy.pad`, is put behind an (H, W) array, so that the network can halve it."""
        # Nothing can be normalised over a single pixel: the smallest map has at least two by two.
        return [(0, max(2 * self.multiple - n, -n % self.multiple)) for n in shape]
