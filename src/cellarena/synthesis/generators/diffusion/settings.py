"""Settings of the generator diffusion."""

from pydantic import Field

from cellarena.synthesis.generators.spec import GENERATORS, GeneratorSettings


@GENERATORS.register("diffusion")
class Diffusion(GeneratorSettings):
    """Settings of the diffusion generator."""

    width: int = Field(ge=8, le=512, multiple_of=8)
    """Channels of the first level; every further level has twice as many, up to four times."""
    levels: int = Field(ge=2, le=6)
    """How many resolutions there are; the coarsest has attention."""
    crop: int = Field(ge=32, multiple_of=32)
    """Side in pixels of a training crop, and of a tile when an image is painted."""
    batch_size: int = Field(ge=1)
    learning_rate: float = Field(gt=0, le=0.1)
    """Reached after a fiftieth of the steps."""
    average: float = Field(ge=0, lt=1)
    """Decay of the moving average of the weights, which is what paints."""
    sampling_steps: int = Field(ge=1, le=1000)
    """Calls of the network for a painting."""
    overlap: float = Field(ge=0, le=0.9)
    """Share of a tile's side that neighbours have in common."""
