"""Settings of CycleGAN."""

from pydantic import Field

from cellarena.synthesis.generators.spec import GENERATORS, GeneratorSettings


@GENERATORS.register("cyclegan")
class CycleGAN(GeneratorSettings):
    """Settings of CycleGAN."""

    width: int = Field(ge=4, le=256)
    """Channels of both generators' first level; every further level has twice as many, up to eight times."""
    levels: int = Field(ge=2, le=6)
    """How many resolutions the generators have."""
    judge_width: int = Field(ge=4, le=256)
    """Channels of the discriminators' first layer."""
    crop: int = Field(ge=32, multiple_of=32)
    """Side of a training crop in pixels."""
    batch_size: int = Field(ge=1)
    """Photos, and as many label images, in a step."""
    learning_rate: float = Field(gt=0, le=0.1)
    """Of all networks; it falls to 0 over the last half of the steps."""
    cycle: float = Field(ge=0)
    """Weight of the mean absolute difference after there and back; that of the adversarial losses is 1."""
    identity: float = Field(ge=0)
    """Weight of the mean absolute difference that a generator makes to what it should leave as it is."""
    jitter: float = Field(ge=0, le=1)
    """Standard deviation of the noise on label images in training: it drowns what a generator would hide in them to
    come back by (Chu et al., 2017, arXiv 1712.02950)."""
    pool: int = Field(ge=1, le=1000)
    """Earlier images of each generator that its discriminator goes on judging."""
    average: float = Field(ge=0, lt=1)
    """Decay of the moving average of the painting generator's weights."""
