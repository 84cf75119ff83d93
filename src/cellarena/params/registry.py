"""The section of params.yaml that says how models are packed, and what a stage asks of a release."""

from pydantic import Field

from cellarena.registry.packages.conditions import Gate
from cellarena.registry.releases.names import checked_name
from cellarena.section import Section


class Registry(Section):
    """How releases are made and judged."""

    champion: str
    """The model or ensemble that the artifact `champion` is."""
    crops: int = Field(ge=1)
    """Of validation images, packed with a model to prove it by."""
    side: int = Field(ge=32)
    """Of such a crop at most, in pixels."""
    agreement: float = Field(ge=0, le=1)
    """Share of the objects in them that a fetched release must find again."""
    stages: dict[str, Gate] = Field(min_length=1)
    """By name; .gto lists the same names."""

    def gate(self, stage: str) -> Gate:
        """Return the conditions of a stage.

        Raises:
            ValueError: if there is no such stage.
        """
        if checked_name(stage) not in self.stages:
            raise ValueError(f"registry.stages has no {stage}, only {', '.join(self.stages)}")
        return self.stages[stage]
