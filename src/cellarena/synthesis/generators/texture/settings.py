"""Settings of the generator texture."""

from pydantic import Field

from cellarena.synthesis.generators.spec import GENERATORS, GeneratorSettings


@GENERATORS.register("texture")
class TextureSettings(GeneratorSettings):
    """How many images the bank keeps, and how cells are put down."""

    images: int = Field(ge=1, le=10_000)
    """Of each modality, at most; those with objects come first."""
    side: int = Field(ge=32, le=4096)
    """Largest height and width of what is kept of an image, in pixels."""
    margin: float = Field(ge=0, le=2)
    """How much around a cell comes along with it, fading into the background: in radii of a disc of its area."""
    alternatives: int = Field(ge=1, le=1000)
    """Of so many cells of like size and shape one is chosen for each object."""
    neighbours: int = Field(ge=0, le=1000)
    """Images of like style that lend cells beside the one that gives the background."""
    blur: float = Field(ge=0, le=5)
    """Standard deviation of the point spread function laid over all, in pixels."""
