"""Discriminators and the losses that come with them."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

from cellarena.synthesis.networks.unet import SLOPE

BETAS = (0.5, 0.999)
"""Of Adam, for networks that learn against each other."""


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
        features = [functional.leaky_relu(self.layers[0](maps), SLOPE)]
        for layer in self.layers[1:]:
            features.append(functional.leaky_relu(functional.instance_norm(layer(features[-1])), SLOPE))
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
