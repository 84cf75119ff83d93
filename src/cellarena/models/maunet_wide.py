"""MAUNet on Wide-ResNet-50 without its last layer, the second member of the challenge's ensemble."""

from typing import TYPE_CHECKING

from cellarena.models.maunet import MAUNet
from cellarena.models.spec import MODELS, ModelSpec

if TYPE_CHECKING:
    from torch import nn


def build(hyperparameters: MAUNet, n_channels: int) -> "nn.Module":
    """Return the network on Wide-ResNet-50, from full size down to 1/16: its last layer is left out."""
    from cellarena.models.parts.maunet import MAUNet as Network
    from cellarena.models.parts.resnet import BLOCKS, ResNetEncoder

    encoder = ResNetEncoder(hyperparameters.width, BLOCKS[:-1], widening=2)
    return Network(encoder, hyperparameters.features, n_channels)


# A multiple of 16 would do; both members of an ensemble take the same tiles.
MODELS.register("maunet_wide")(ModelSpec(MAUNet, build, target="class_and_distance", multiple=32))
