"""A network of two convolutions."""

from pydantic import Field

from cellarena.models.spec import MODELS, Cite, Hyperparameters, ModelSpec


class Dotted(Hyperparameters):
    """Hyperparameters of the network."""

    width: int = Field(ge=4, le=64)
    """Channels between the two convolutions."""


def build(hyperparameters, n_channels):
    """Return the network."""
    from torch import nn

    width = hyperparameters.width
    first, last = nn.Conv2d(3, width, 7, padding=3), nn.Conv2d(width, n_channels, 3, padding=1)
    return nn.Sequential(first, nn.InstanceNorm2d(width), nn.PReLU(), last)


def describe(hyperparameters):
    """Return the width."""
    return f"width {hyperparameters.width}"


MODELS.register("dotted")(
    ModelSpec(Dotted, build, target="thick", multiple=2, cite=Cite("Nobody, never", "10.1/1"), describe=describe)
)
