"""MAUNet on ResNet-50 (team saltfish of the NeurIPS 2022 cell segmentation challenge)."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, model_validator

from cellarena.models.spec import MODELS, Cite, Hyperparameters, ModelSpec
from cellarena.models.weights.pretrained import Published, Supplied

if TYPE_CHECKING:
    from torch import nn

RESNET50 = Published(
    "https://download.pytorch.org/models/resnet50-0676ba61.pth",
    "0676ba61b6795bbe1773cffd859882e5e297624d384b6993f7c9e683e722fb8a",
)

_PUBLISHED_WIDTH = 64

CHALLENGE = Cite("Ma et al., Nature Methods 2024", "10.1038/s41592-024-02233-6")
"""On the challenge in which the network took part."""


class MAUNet(Hyperparameters):
    """Hyperparameters of both variants, this one and `maunet_wide`."""

    width: int = Field(ge=8, le=64)
    """Channels after the encoder's first convolution; 64 is ResNet-50 itself."""
    features: int = Field(ge=8, le=64)
    """Channels of the decoders at full size; the original has 24."""
    weights: str
    """Safetensors file of ImageNet weights that the encoder starts from: torchvision's, converted; or empty."""
    weights_sha256: str = Field(pattern="^([0-9a-f]{64})?$")
    """Of that file, so that a training is known by it."""

    @model_validator(mode="after")
    def _weights_fit(self) -> Self:
        if bool(self.weights) != bool(self.weights_sha256):
            raise ValueError("weights and weights_sha256 go together: give both or none")
        if self.weights and self.width != _PUBLISHED_WIDTH:
            raise ValueError(
                f"ImageNet weights are published for width {_PUBLISHED_WIDTH}, not {self.width}: set width to "
                f"{_PUBLISHED_WIDTH}, or weights and weights_sha256 to nothing"
            )
        if self.weights and self.normalisation != "unit":
            raise ValueError(
                f"normalisation {self.normalisation}: ImageNet's own normalisation starts from intensities in [0, 1]; "
                "set normalisation to unit"
            )
        return self


def build(hyperparameters: MAUNet, n_channels: int) -> "nn.Module":
    """Return the network on ResNet-50, from full size down to 1/32."""
    from cellarena.models.networks.resnet import BLOCKS, ResNetEncoder

    return on(ResNetEncoder(hyperparameters.width, BLOCKS, widening=1), hyperparameters, n_channels)


def on(encoder: Any, hyperparameters: MAUNet, n_channels: int) -> "nn.Module":
    """Return the network on an encoder, which sees ImageNet's normalisation where its weights come from there."""
    from torch import nn

    from cellarena.models.networks.maunet import MAUNet as Network
    from cellarena.models.weights.imagenet import Standardised

    pixels = Standardised() if hyperparameters.weights else nn.Identity()
    return Network(pixels, encoder, hyperparameters.features, n_channels)


def start(hyperparameters: MAUNet, network: Any) -> None:
    """Fill the encoder with ImageNet weights, if it is to start from any.

    Raises:
        FileNotFoundError: if there is no such file.
        IntegrityError: if the file is another.
        ValueError: if it is no safetensors file or does not fit.
    """
    start_from(RESNET50, "models.maunet.weights", hyperparameters, network)


def start_from(published: Published, setting: str, hyperparameters: MAUNet, network: Any) -> None:
    """Fill the encoder from the file that a setting names, if it names any; see `start`."""
    from cellarena.models.weights.imagenet import load_imagenet

    if hyperparameters.weights:
        file = Supplied(Path(hyperparameters.weights), hyperparameters.weights_sha256, setting)
        load_imagenet(network.encoder, published, file)


def describe(hyperparameters: MAUNet) -> str:
    """Return the encoder, its width and what it starts from."""
    return describe_as("ResNet-50", hyperparameters)


def describe_as(encoder: str, hyperparameters: MAUNet) -> str:
    """Return the encoder by this name, its width and what it starts from."""
    weights = "ImageNet weights" if hyperparameters.weights else "no pretrained weights"
    return f"{encoder}, first width {hyperparameters.width}, {weights}"


MODELS.register("maunet")(
    ModelSpec(MAUNet, build, target="class_and_distance", multiple=32, start=start, describe=describe, cite=CHALLENGE)
)
