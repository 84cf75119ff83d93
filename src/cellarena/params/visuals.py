"""The section of params.yaml on the tiny network that is shown."""

from pydantic import Field

from cellarena.section import Section


class Visuals(Section):
    """How the tiny network is trained whose filters and feature maps are shown."""

    steps: int = Field(ge=1, le=10_000)
    """Optimizer steps of eight crops of 64 x 64 pixels."""
    seed: int = Field(ge=0, lt=2**32)
