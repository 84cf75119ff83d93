"""The section of params.yaml that says what is synthesised."""

from typing import Annotated

from pydantic import Field

from cellarena.section import Section


class Source(Section):
    """A generator of synthetic images, fitted to a share of the train subset."""

    kind: str
    """Name of the catalog of generators."""
    share: float = Field(gt=0, le=1)
    """Of the real training images that it, its styles and its shapes come from; those of the arm with this share."""


class Synthesis(Section):
    """Synthetic images: how many, and what makes them."""

    share: float = Field(gt=0, le=1)
    """Of the number of real training images: so many are made by each generator."""
    seed: int = Field(ge=0, lt=2**32)
    steps: dict[str, Annotated[int, Field(ge=1)]]
    """Optimizer steps of a generator that learns, for each budget."""
    generators: dict[str, Source]
    """By the name that arms call them."""
