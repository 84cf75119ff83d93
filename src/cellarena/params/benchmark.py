"""The sections of params.yaml that say which runs are compared, and by what."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from cellarena.evaluation.protocols import PROTOCOLS
from cellarena.models.ensembles import ENSEMBLES
from cellarena.models.spec import MODELS
from cellarena.section import Section


class Benchmark(Section):
    """The grid of runs that are compared: every model and ensemble on every arm with every seed."""

    models: list[str] = Field(min_length=1)
    ensembles: list[str]
    """Those whose members are among the models."""
    arms: list[Literal["real"]] = Field(min_length=1)
    seeds: list[Annotated[int, Field(ge=0, lt=2**32)]] = Field(min_length=1)
    floor: Literal["otsu"]
    """The classical method that a learned one has to beat; it is a row of every table."""

    @model_validator(mode="after")
    def _known_and_unique(self) -> Self:
        for name in self.models:
            if name not in MODELS:
                raise ValueError(f"unknown model {name!r}; known: {', '.join(MODELS)}")
        for key in ("models", "ensembles", "arms", "seeds"):
            if len(set(getattr(self, key))) < len(getattr(self, key)):
                raise ValueError(f"{key} names one entry twice")
        return self

    @model_validator(mode="after")
    def _members_are_there(self) -> Self:
        for name in self.ensembles:
            if absent := [member for member in ENSEMBLES[name].members if member not in self.models]:
                raise ValueError(
                    f"the ensemble {name} needs {' and '.join(absent)}: add to benchmark.models what is missing, or "
                    f"remove {name} from benchmark.ensembles"
                )
        return self


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
