"""MAUNet on ResNet-50, and on Wide-ResNet-50 without its last layer (team saltfish, NeurIPS 2022 cell challenge)."""

from typing import TYPE_CHECKING

from pydantic import Field

from cellarena.models.spec import MODELS, Hyperparameters, ModelSpec

if TYPE_CHECKING:
    from torch import nn


class MAUNet(Hyperparameters):
    """Hyperparameters of both variants."""

    width: int = Field(ge=8, le=64)
    """Channels after the encoder's first convolution; 64 is ResNet-50 itself."""
    features: int = Field(ge=8, le=64)
    """Channels of the decoders at full size; the original has 24."""


def build(hyperparameters: MAUNet, n_channels: int) -> "nn.Module":
    """Return the network on ResNet-50, from full size down to 1/32."""
    from cellarena.models.parts.maunet import MAUNet as Network
    from cellarena.models.parts.resnet import BLOCKS, ResNetEncoder

    return Network(ResNetEncoder(hyperparameters.width, BLOCKS, widening=1), hyperparameters.features, n_channels)


def build_wide(hyperparameters: MAUNet, n_channels: int) -> "nn.Module":
    """Return the network on Wide-ResNet-50, from full size down to 1/16: its last layer is left out."""
    from cellarena.models.parts.maunet import MAUNet as Network
    from cellarena.models.parts.resnet import BLOCKS, ResNetEncoder

    encoder = ResNetEncoder(hyperparameters.width, BLOCKS[:-1], widening=2)
    return Network(encoder, hyperparameters.features, n_channels)


MODELS.register("maunet")(ModelSpec(MAUNet, build, target="class_and_distance", multiple=32))
# 1/16 would do; both members of an ensemble take the same tiles.
MODELS.register("maunet_wide")(ModelSpec(MAUNet, build_wide, target="class_and_distance", multiple=32))
