"""What a release must fulfil to be promoted to a stage: the section `registry.stages` of params.yaml."""

from typing import Literal

from pydantic import Field

from cellarena.section import Section


class Gate(Section):
    """The conditions of one stage."""

    coverage: float = Field(ge=0, le=1)
    """Share of the test images that must have been scored."""
    margin: float = Field(ge=0, le=1)
    """Of F1: by so much a release must surely not be worse than the one that holds the stage; 1 asks nothing."""
    forbid: list[Literal["unknown", "non-commercial"]]
    """Licences that the stage does not take."""
