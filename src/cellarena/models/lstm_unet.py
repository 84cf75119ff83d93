"""LSTM-UNet (Arbelle & Riklin Raviv, ISBI 2019, arXiv 1805.11247) over coarse-to-fine views of a still image.

The original reads time-lapses. A single image is a sequence of one frame, in which the recurrence has nothing to
remember; here a still image is shown several times, blurred less and less. `views: 1` is the network without memory.
"""

from typing import TYPE_CHECKING

from pydantic import Field

from cellarena.models.spec import MODELS, Cite, Hyperparameters, ModelSpec

if TYPE_CHECKING:
    from torch import nn


class LSTMUNet(Hyperparameters):
    """Hyperparameters of the LSTM-UNet."""

    width: int = Field(ge=8, le=128)
    """Channels of the first level; the second has twice and the others four times as many."""
    levels: int = Field(ge=2, le=4)
    """How many resolutions have a memory, from half the size of the image down; the original has 4."""
    views: int = Field(ge=1, le=4)
    """How many times an image is shown, from the coarsest Gaussian blur to the image itself."""


def build(hyperparameters: LSTMUNet, n_channels: int) -> "nn.Module":
    """Return the network; it also takes time-lapses (B, T, 3, H, W)."""
    from cellarena.models.networks.lstm_unet import LSTMUNet as Network

    return Network(hyperparameters.width, hyperparameters.levels, hyperparameters.views, n_channels)


def describe(hyperparameters: LSTMUNet) -> str:
    """Return width, levels with a memory and length of the sequence in a few words."""
    views = "1 view, no memory" if hyperparameters.views == 1 else f"{hyperparameters.views} views from coarse to fine"
    return f"first width {hyperparameters.width}, {hyperparameters.levels} levels, {views}"


# Of 32 pixels the deepest of four levels has two a side: instance normalisation needs more than one.
MODELS.register("lstm_unet")(
    ModelSpec(
        LSTMUNet, build, target="three_class", multiple=32, describe=describe,
        cite=Cite("Arbelle and Riklin Raviv, ISBI 2019", "10.48550/arXiv.1805.11247"),
    )
)  # fmt: skip
