"""The section `compare` of params.yaml."""

from pydantic import Field

from cellarena.section import Section


class Comparing(Section):
    """What a comparison rests on."""

    smallest_effect: float = Field(gt=0, lt=1)
    """A difference below it does not matter: two rows that surely differ by less are equivalent."""
    confidence: float = Field(ge=0.5, lt=1)
    """Of every interval; tests are at the level 1 - confidence, over all pairs together."""
    resamples: int = Field(ge=100, le=100_000)
    """Samples of every bootstrap."""
