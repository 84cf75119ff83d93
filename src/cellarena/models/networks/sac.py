"""Segment Any Cell: SAM's image encoder and a decoder that works at full resolution, without prompts."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

# What SAM subtracts and divides by: mean and standard deviation of red, green and blue in 0..255.
PIXEL_MEAN = (123.675, 116.28, 103.53)
PIXEL_STD = (58.395, 57.12, 57.375)

_STEM = (1, 2, 4, 4)
"""Channels at strides 1, 2, 4 and 8, in multiples of the decoder's width."""


class SegmentAnyCell(nn.Module):
    """Maps (B, 3, H, W) float32 in [0, 1] to (B, n_channels, H, W); H and W are multiples of 16.

    After Na et al. 2024 (arXiv 2401.13220), prompt-free: SAM's features have a stride of 8 or 16, where small cells are
    gone, so that a convolutional stem carries the detail past the encoder (as UNETR's skips do, arXiv 2103.10504).

    Args:
        encoder: SAM's image encoder.
        n_encoded: channels that it puts out.
        n_channels: channels of the output.
        width: channels of the stem and the decoder at full resolution.
        enlarge: the encoder sees the image this many times larger.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, encoder: nn.Module, n_encoded: int, n_channels: int, width: int, enlarge: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.enlarge = enlarge
        sizes = [width * factor for factor in _STEM]
        self.stem = nn.ModuleList(
            _convolutions(1, before, after, stride=1 if before == 3 else 2)
            for before, after in zip([3, *sizes[:-1]], sizes, strict=True)
        )
        self.bridge = _convolutions(2, n_encoded + sizes[-1], sizes[-1])
        self.decoder = nn.ModuleList(
            Finer(below, beside) for below, beside in zip(sizes[:0:-1], sizes[-2::-1], strict=True)
        )
        self.head = nn.Conv2d(width, n_channels, kernel_size=1)
        self.register_buffer("mean", torch.tensor(PIXEL_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(PIXEL_STD).view(1, 3, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits of the images' own size."""
        return self.with_features(images)[0]

    def with_features(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits of the images' own size, and the encoder's features: (B, n_encoded, h, w)."""
        pixels = (images * 255 - self.mean) / self.std
        skips, x = [], pixels
        for level in self.stem:
            x = level(x)
            skips.append(x)
        features = self._encoded(pixels)
        x = self.bridge(torch.cat([_resized(features, x), x], dim=1))
        for level, skip in zip(self.decoder, reversed(skips[:-1]), strict=True):
            x = level(x, skip)
        return self.head(x), features

    def _encoded(self, pixels: Tensor) -> Tensor:
        if self.enlarge > 1:
            pixels = functional.interpolate(pixels, scale_factor=self.enlarge, mode="bilinear", align_corners=False)
        return encode(self.encoder, pixels)


def encode(encoder: Any, pixels: Tensor) -> Tensor:
    """Return SAM's image features for an image of any size that is a multiple of its patch.

    SAM's own forward takes one size only: its table of absolute positions has a fixed grid. Here the table is
    interpolated; the relative positions of global attention are interpolated by SAM itself.

    Args:
        encoder: SAM's image encoder.
        pixels: (B, 3, H, W), normalised as SAM does it.

    Returns:
        (B, C, H / patch, W / patch).
    """
    tokens = encoder.patch_embed(pixels)
    tokens = tokens + positions(encoder.pos_embed, tokens.shape[1], tokens.shape[2])
    for block in encoder.blocks:
        tokens = block(tokens)
    return encoder.neck(tokens.permute(0, 3, 1, 2))


def positions(table: Tensor, height: int, width: int) -> Tensor:
    """Return a (1, G, G, D) table of absolute positions as (1, height, width, D), by bicubic interpolation."""
    if table.shape[1:3] == (height, width):
        return table
    grid = table.permute(0, 3, 1, 2)
    resized = functional.interpolate(grid, size=(height, width), mode="bicubic", align_corners=False)
    return resized.permute(0, 2, 3, 1)


class Finer(nn.Module):
    """One step of the decoder: features of twice the resolution, from those below and those of the stem beside them.

    Channels are reduced before the features are enlarged, the two are added, not concatenated, and one convolution
    follows, not two: at full resolution that is most of the network's work.

    Args:
        below: channels of the coarser features.
        beside: channels of the finer ones and of the output.
    """

    def __init__(self, below: int, beside: int) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(below, beside, kernel_size=1)
        self.refine = _convolutions(1, beside, beside)

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        """Return (B, beside, H, W) from (B, below, H / 2, W / 2) and (B, beside, H, W)."""
        return self.refine(_resized(self.reduce(coarse), fine) + fine)


def _convolutions(n: int, before: int, after: int, stride: int = 1) -> nn.Module:
    """Return n times a 3 x 3 convolution, instance normalisation and GELU; the first convolution has the stride."""
    layers: list[nn.Module] = []
    for i in range(n):
        layers += [
            nn.Conv2d(after if i else before, after, 3, stride=1 if i else stride, padding=1, bias=False),
            nn.InstanceNorm2d(after, affine=True),
            nn.GELU(),
        ]
    return nn.Sequential(*layers)


def _resized(x: Tensor, like: Tensor) -> Tensor:
    if x.shape[2:] == like.shape[2:]:
        return x
    return functional.interpolate(x, size=like.shape[2:], mode="bilinear", align_corners=False)
