"""MAUNet on ResNet-50 (team saltfish of the NeurIPS 2022 cell segmentation challenge)."""

from typing import TYPE_CHECKING

from pydantic import Field

from cellarena.models.spec import MODELS, Hyperparameters, ModelSpec

if TYPE_CHECKING:
    from torch import nn


class MAUNet(Hyperparameters):
    """Hyperparameters of both variants, this one and `maunet_wide`."""

    width: int = Field(ge=8, le=64)
    """Channels after the encoder's first convolution; 64 is ResNet-50 itself."""
    features: int = Field(ge=8, le=64)
    """Channels of the decoders at full size; the original has 24."""


def build(hyperparameters: MAUNet, n_channels: int) -> "nn.Module":
    """Return the network on ResNet-50, from full size down to 1/32."""
    from cellarena.models.parts.maunet import MAUNet as Network
    from cellarena.models.parts.resnet import BLOCKS, ResNetEncoder

    return Network(ResNetEncoder(hyperparameters.width, BLOCKS, widening=1), hyperparameters.features, n_channels)


MODELS.register("maunet")(ModelSpec(MAUNet, build, target="class_and_distance", multiple=32))
