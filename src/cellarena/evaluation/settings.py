"""The sections of params.yaml that say what predictions are judged by."""

from typing import Self

from pydantic import Field, model_validator

from cellarena.evaluation.protocols import PROTOCOLS
from cellarena.section import Section


class Evaluation(Section):
    """What predictions are scored by."""

    thresholds: list[float] = Field(min_length=1)
    """IoU thresholds; 0.5 is the one that models are ranked by."""
    protocols: list[str] = Field(min_length=1)
    """Names of the catalog of protocols; strict is the one that models are ranked by."""

    @model_validator(mode="after")
    def _in_range(self) -> Self:
        if not all(0 < threshold < 1 for threshold in self.thresholds) or 0.5 not in self.thresholds:
            raise ValueError("thresholds lie between 0 and 1, and 0.5 is one of them")
        if len(set(self.thresholds)) < len(self.thresholds):
            raise ValueError("thresholds names one entry twice")
        return self

    @model_validator(mode="after")
    def _protocols_are_known(self) -> Self:
        for name in self.protocols:
            if name not in PROTOCOLS:
                raise ValueError(f"unknown protocol {name!r}; known: {', '.join(PROTOCOLS)}")
        if "strict" not in self.protocols:
            raise ValueError("protocols lacks strict, which models are ranked by")
        if len(set(self.protocols)) < len(self.protocols):
            raise ValueError("protocols names one entry twice")
        return self


class ErrorAnalysis(Section):
    """What errors are analysed by."""

    strata: int = Field(ge=2, le=10)
    """Into how many classes of equal numbers size, contrast, density and distance to the neighbour are divided."""
    hard: float = Field(gt=0, lt=1)
    """The share of its worst images that are hard for a model."""
