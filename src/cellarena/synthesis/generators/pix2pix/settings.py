"""Settings of pix2pix."""

from typing import Self

from pydantic import Field, model_validator

from cellarena.synthesis.generators.spec import GENERATORS, GeneratorSettings


@GENERATORS.register("pix2pix")
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
