"""pix2pix: a U-Net paints label images, a discriminator compares with real images of the same labels.

After Isola et al., CVPR 2017, arXiv 1611.07004.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, model_validator

from cellarena.synthesis.generators.spec import (
    GENERATORS,
    Example,
    Fit,
    Fitted,
    GeneratorSettings,
    GeneratorSpec,
    Painter,
)

if TYPE_CHECKING:
    from torch import Tensor


class Pix2Pix(GeneratorSettings):
    """Settings of pix2pix."""

    width: int = Field(ge=4, le=256)
    """Channels of the generator's first level; every further level has twice as many, up to eight times."""
    levels: int = Field(ge=2, le=7)
    """How many resolutions the generator has."""
    judge_width: int = Field(ge=4, le=256)
    """Channels of the discriminator's first layer."""
    crop: int = Field(ge=32, multiple_of=32)
    """Side of a training crop in pixels."""
    batch_size: int = Field(ge=1)
    learning_rate: float = Field(gt=0, le=0.1)
    """Of the generator; it falls to 0 over the last half of the steps."""
    judge_learning_rate: float = Field(gt=0, le=0.1)
    """Of the discriminator, likewise."""
    pixels: float = Field(ge=0)
    """Weight of the mean absolute difference from the real image; that of the adversarial loss is 1."""
    features: float = Field(ge=0)
    """Weight of the difference of the discriminator's features."""
    average: float = Field(ge=0, lt=1)
    """Decay of the moving average of the generator's weights, which is what paints."""

    @model_validator(mode="after")
    def _halved_evenly(self) -> Self:
        smallest = 2 ** (self.levels - 1)
        if self.crop % smallest or self.crop == smallest:
            raise ValueError(
                f"crop ({self.crop}) must be a multiple of {smallest}, and more, with {self.levels} levels"
            )
        return self


def fit(settings: Pix2Pix, examples: Sequence[Example], fit: Fit) -> Fitted:
    """Return the generator fitted to pairs of label image and image.

    Raises:
        ValueError: if the training diverges.
    """
    from cellarena.synthesis.generators.pix2pix.learner import PairedLearner
    from cellarena.synthesis.networks.fitting import learn

    learner = PairedLearner(settings, examples, fit)
    losses = learn(learner, fit)
    return Fitted(learner.weights(), learner.styles.facts, losses)


def load(settings: Pix2Pix, weights: "Mapping[str, Tensor]", facts: Mapping[str, Any], device: str) -> Painter:
    """Return the painter that `fit` made.

    Raises:
        ValueError: if weights, facts and settings do not fit each other.
    """
    from cellarena.synthesis.generators.pix2pix.class_colours import ClassColours
    from cellarena.synthesis.generators.pix2pix.painter import ColourPainter, colour_generator
    from cellarena.synthesis.networks.stored import fill
    from cellarena.synthesis.networks.styles import Styles

    styles = Styles.restored(weights, facts)
    network = colour_generator(settings, styles)
    fill(network, weights, "generator")
    return ColourPainter(network.to(device).eval(), styles, ClassColours.restored(weights, len(styles.donors)))


GENERATORS.register("pix2pix")(GeneratorSpec(Pix2Pix, fit, load))
