"""MAUNet on Wide-ResNet-50 without its last layer, the second member of the challenge's ensemble."""

from typing import TYPE_CHECKING, Any

from cellarena.models.maunet import CHALLENGE, MAUNet, describe_as, on, start_from
from cellarena.models.spec import MODELS, ModelSpec
from cellarena.models.weights.pretrained import Published

if TYPE_CHECKING:
    from torch import nn

# torchvision gives the first digits of the hash, in the file's name.
WIDE_RESNET50 = Published("https://download.pytorch.org/models/wide_resnet50_2-95faca4d.pth", "95faca4d")


def build(hyperparameters: MAUNet, n_channels: int) -> "nn.Module":
    """Return the network on Wide-ResNet-50, from full size down to 1/16: its last layer is left out."""
    from cellarena.models.networks.resnet import BLOCKS, ResNetEncoder

    return on(ResNetEncoder(hyperparameters.width, BLOCKS[:-1], widening=2), hyperparameters, n_channels)


def start(hyperparameters: MAUNet, network: Any) -> None:
    """Fill the encoder with ImageNet weights, if it is to start from any.

    Raises:
        FileNotFoundError: if there is no such file.
        IntegrityError: if the file is another.
        ValueError: if it is no safetensors file or does not fit.
    """
    start_from(WIDE_RESNET50, "models.maunet_wide.weights", hyperparameters, network)


def describe(hyperparameters: MAUNet) -> str:
    """Return the encoder, its width and what it starts from."""
    return describe_as("Wide-ResNet-50 without layer4", hyperparameters)


# A multiple of 16 would do; both members of an ensemble take the same tiles.
MODELS.register("maunet_wide")(
    ModelSpec(MAUNet, build, target="class_and_distance", multiple=32, start=start, describe=describe, cite=CHALLENGE)
)
