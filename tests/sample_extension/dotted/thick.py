"""Three classes whose boundary cannot be thin."""

from pydantic import Field

from cellarena.targets.spec import TARGETS
from cellarena.targets.three_class import ThreeClass


@TARGETS.register("thick")
class Thick(ThreeClass):
    """As three_class, with a boundary of at least two pixels."""

    boundary: int = Field(ge=2, le=10)
