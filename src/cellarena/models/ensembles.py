"""Ensembles: trained models that predict together and are a row of their own; nothing is trained for them."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from cellarena.section import Section


class Ensembling(Section):
    """An ensemble's block of the section `ensembles` of params.yaml."""

    members: list[str] = Field(min_length=1)
    """Names of models that learn one target; of each the run of the ensemble's arm and seed takes part."""
    scales: list[Annotated[float, Field(ge=0.25, le=4)]] = Field(min_length=1)
    """What height and width of an image are multiplied by before the members see it."""

    @model_validator(mode="after")
    def _unique(self) -> Self:
        for key in ("members", "scales"):
            if len(set(getattr(self, key))) < len(getattr(self, key)):
                raise ValueError(f"{key} names one entry twice")
        return self
