"""Networks and losses of adversarial generators."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

_SLOPE = 0.2


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
        return functional.leaky_relu(self.normalisation(self.convolution(maps)) * (1 + scale) + shift, _SLOPE)


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


class PatchDiscriminator(nn.Module):
    """PatchGAN: one verdict for each patch of 70 x 70 pixels; with spectral and with instance normalisation.

    After Isola et al., CVPR 2017, arXiv 1611.07004; Miyato et al., ICLR 2018, arXiv 1802.05957. Spectral normalisation
    alone lets differences fade from layer to layer until all verdicts are the same; instance normalisation brings them
    back (Park et al., CVPR 2019, arXiv 1903.07291).

    Args:
        n_in: channels of the image and of what it is judged against.
        width: channels of the first layer.
    """

    def __init__(self, n_in: int, width: int) -> None:
        super().__init__()
        channels = [n_in, width, 2 * width, 4 * width, 8 * width]
        strides = [2, 2, 2, 1]
        self.layers = nn.ModuleList(
            spectral_norm(nn.Conv2d(a, b, 4, stride, padding=1))
            for (a, b), stride in zip(pairwise(channels), strides, strict=True)
        )
        self.verdict = nn.Conv2d(channels[-1], 1, 4, padding=1)

    def forward(self, maps: Tensor) -> list[Tensor]:
        """Return the features of each layer for (N, n_in, H, W), the verdicts (N, 1, h, w) last."""
        features = [functional.leaky_relu(self.layers[0](maps), _SLOPE)]
        for layer in self.layers[1:]:
            features.append(functional.leaky_relu(functional.instance_norm(layer(features[-1])), _SLOPE))
        return [*features, self.verdict(features[-1])]


def least_squares(verdicts: Tensor, wanted: float) -> Tensor:
    """Return the mean squared distance of verdicts from what is wanted (Mao et al., ICCV 2017, arXiv 1611.04076)."""
    return ((verdicts.float() - wanted) ** 2).mean()


def feature_matching(real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
    """Return the mean absolute difference of a discriminator's features (Wang et al., CVPR 2018, arXiv 1711.11585).

    Args:
        real: features of real images, as `PatchDiscriminator` returns them; no gradient flows into them.
        fake: those of generated images.
    """
    pairs = list(zip(real[:-1], fake[:-1], strict=True))
    return torch.stack([(a.detach().float() - b.float()).abs().mean() for a, b in pairs]).mean()


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, decay: float) -> None:
    """Move an average of a network's weights towards what they are now (exponential moving average)."""
    for mean, weight in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        mean.lerp_(weight, 1 - decay)
