"""From any acquired image to what every network sees: the section `preprocess` of params.yaml."""

from typing import Self

from pydantic import Field, model_validator

from cellarena.section import Section


class Preparation(Section):
    """Percentiles of a channel that become 0 and 255."""

    low: float = Field(ge=0, lt=100)
    high: float = Field(gt=0, le=100)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low ({self.low}) must be below high ({self.high})")
        return self
