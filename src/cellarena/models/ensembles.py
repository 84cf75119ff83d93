"""Ensembles: trained models that predict together and are a row of their own; nothing is trained for them."""

from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import Field, model_validator

from cellarena.catalog import Catalog, Entry
from cellarena.models.spec import MODELS
from cellarena.section import Section


class Ensembling(Section):
    """An ensemble's block of the section `ensembles` of params.yaml."""

    scales: list[Annotated[float, Field(ge=0.25, le=4)]] = Field(min_length=1)
    """What height and width of an image are multiplied by before the members see it."""

    @model_validator(mode="after")
    def _unique(self) -> Self:
        if len(set(self.scales)) < len(self.scales):
            raise ValueError("scales names one entry twice")
        return self


@dataclass(frozen=True)
class EnsembleSpec:
    """An ensemble of the catalog.

    Attributes:
        members: names of models that learn one target; of each the run of the ensemble's arm and seed takes part.
    """

    members: tuple[str, ...]

    @property
    def needs(self) -> list[Entry]:
        """What it takes of other catalogs."""
        return [MODELS.entry(member) for member in self.members]


ENSEMBLES: Catalog[EnsembleSpec] = Catalog("ensemble", "cellarena.models.ensembles")

# The challenge's ensemble of team saltfish (NeurIPS 2022), which averaged logits; here probabilities are averaged.
ENSEMBLES.register("maunet_ensemble")(EnsembleSpec(("maunet", "maunet_wide")))
