"""MAUNet: one ResNet encoder, shared skips, two decoders (team saltfish in the NeurIPS 2022 cell challenge)."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from monai.networks.blocks.unetr_block import UnetrBasicBlock, UnetrUpBlock
from torch import Tensor, nn

from cellarena.models.networks.resnet import ResNetEncoder

Norm = str | tuple[str, dict[str, int]]


class MAUNet(nn.Module):
    """A network with one decoder for classes and one for the distance, which read the same skips.

    Args:
        pixels: what the encoder sees of the images, of the same shape.
        encoder: gives feature maps from half the size down.
        features: channels of the decoders at full and at half size; every further level has twice as many.
        n_channels: channels of the output, of which the last is the distance.
    """

    def __init__(self, pixels: nn.Module, encoder: ResNetEncoder, features: int, n_channels: int) -> None:
        super().__init__()
        self.pixels = pixels
        self.encoder = encoder
        widths = [features, *(features * 2**level for level in range(len(encoder.widths)))]
        self.skips = nn.ModuleList(
            _skip(n_in, n_out, norm)
            for n_in, n_out, norm in zip([3, *encoder.widths], widths, _norms(len(widths)), strict=True)
        )
        self.classes = Decoder(widths, n_channels - 1)
        self.distance = Decoder(widths, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Return raw classes and distance (B, n_channels, H, W) of images (B, 3, H, W)."""
        maps = [images, *self.encoder(self.pixels(images))]
        skips = [skip(features) for skip, features in zip(self.skips, maps, strict=True)]
        return torch.cat([self.classes(skips), self.distance(skips)], dim=1)


class Decoder(nn.Module):
    """Transposed convolutions up to full size, each joined with the skip of its size in a residual block.

    Args:
        widths: channels of the skips, the one at full size first.
        n_channels: channels of the output.
    """

    def __init__(self, widths: Sequence[int], n_channels: int) -> None:
        super().__init__()
        self.ups = nn.ModuleList(
            UnetrUpBlock(2, below, above, kernel_size=3, upsample_kernel_size=2, norm_name="instance", res_block=True)
            for above, below in pairwise(widths)
        )
        self.head = nn.Conv2d(widths[0], n_channels, 1)

    def forward(self, skips: Sequence[Tensor]) -> Tensor:
        """Return (B, n_channels, H, W) for skips from full size (B, widths[0], H, W) down."""
        inside = skips[-1]
        for up, skip in zip(reversed(self.ups), reversed(skips[:-1]), strict=True):
            inside = up(inside, skip)
        output: Tensor = self.head(inside)
        return output


def _skip(n_in: int, n_out: int, norm: Norm) -> nn.Module:
    block: nn.Module = UnetrBasicBlock(2, n_in, n_out, kernel_size=3, stride=1, norm_name=norm, res_block=True)
    return block


def _norms(n_levels: int) -> list[Norm]:
    """Return instance normalisation for every level but the deepest.

    A tile of 32 pixels leaves one pixel there, whose instance norm is undefined; that level is normalised over all of
    its channels.
    """
    return ["instance"] * (n_levels - 1) + [("group", {"num_groups": 1})]
