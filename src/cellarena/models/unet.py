"""U-Net with residual units (MONAI's, after Kerfoot et al., STACOM 2018, doi 10.1007/978-3-030-12029-0_40)."""

from typing import TYPE_CHECKING

from pydantic import Field

from cellarena.models.spec import MODELS, Cite, Hyperparameters, ModelSpec

if TYPE_CHECKING:
    from torch import nn


class UNet(Hyperparameters):
    """Hyperparameters of the U-Net."""

    width: int = Field(ge=8, le=256)
    """Channels of the first level; every further level has twice as many."""
    levels: int = Field(ge=2, le=6)
    """How many resolutions there are."""
    residual_units: int = Field(ge=0, le=4)
    """Convolutions in each residual unit."""


def build(hyperparameters: UNet, n_channels: int) -> "nn.Module":
    """Return the network with instance normalisation and PReLU."""
    from monai.networks.nets import UNet as MonaiUNet

    levels = hyperparameters.levels
    return MonaiUNet(
        spatial_dims=2,
        in_channels=3,
        out_channels=n_channels,
        channels=[hyperparameters.width * 2**level for level in range(levels)],
        strides=[2] * (levels - 1),
        num_res_units=hyperparameters.residual_units,
    )


def describe(hyperparameters: UNet) -> str:
    """Return width, resolutions and residual units in a few words."""
    return (
        f"first width {hyperparameters.width}, {hyperparameters.levels} levels, "
        f"{hyperparameters.residual_units} convolutions in a residual unit"
    )


# Inputs are multiples of 32 so that every admissible number of levels fits.
MODELS.register("unet")(
    ModelSpec(
        UNet, build, target="three_class", multiple=32, describe=describe,
        cite=Cite("Kerfoot et al., STACOM 2018", "10.1007/978-3-030-12029-0_40"),
    )
)  # fmt: skip
