"""The sections of params.yaml that say what is synthesised, and which arms the study compares."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from cellarena.section import Section
from cellarena.synthesis.generators.spec import GENERATORS


class Source(Section):
    """A generator of synthetic images, fitted to a share of the train subset."""

    kind: str
    """Name of the catalog of generators."""
    share: float = Field(gt=0, le=1)
    """Of the real training images that it, its styles and its shapes come from; those of the arm with this share."""

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.kind not in GENERATORS:
            raise ValueError(f"unknown generator {self.kind!r}; known: {', '.join(GENERATORS)}")
        return self


class Synthesis(Section):
    """Synthetic images: how many, and what makes them."""

    share: float = Field(gt=0, le=1)
    """Of the number of real training images: so many are made by each generator."""
    seed: int = Field(ge=0, lt=2**32)
    steps: dict[str, Annotated[int, Field(ge=1)]]
    """Optimizer steps of a generator that learns, for each budget."""
    generators: dict[str, Source]
    """By the name that arms call them."""


class Study(Section):
    """The grid of runs that are compared with those on real images alone."""

    models: list[str]
    """Of the benchmark's."""
    generators: list[str]
    """Those of `synthesize.generators` that are fitted and judged."""
    arms: list[str]
    """Of the section `arms`, beside `real`."""
    seeds: list[Annotated[int, Field(ge=0, lt=2**32)]]
    real_seeds: list[Annotated[int, Field(ge=0, lt=2**32)]]
    """Those of the seeds that the benchmark lacks: with them the study trains on the real images."""

    @model_validator(mode="after")
    def _unique(self) -> Self:
        for key in ("models", "generators", "arms", "seeds"):
            if len(set(getattr(self, key))) < len(getattr(self, key)):
                raise ValueError(f"{key} names one entry twice")
        return self
