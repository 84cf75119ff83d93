"""The mirror of params.yaml, assembled from the sections that the parts declare."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model, model_validator

from cellarena.datasets.preparation import Preparation
from cellarena.datasets.sources.spec import Acquisition
from cellarena.datasets.splits import Splitting
from cellarena.evaluation.protocols import PROTOCOLS
from cellarena.evaluation.statistics import Comparing
from cellarena.learning.recipe import Budget, Inference, Training
from cellarena.models.ensembles import ENSEMBLES, Ensembling
from cellarena.models.parts.nnunet_plan import Planning
from cellarena.models.spec import MODELS, Hyperparameters
from cellarena.records import Run
from cellarena.targets.spec import TARGETS, Target


class Section(BaseModel):
    """A block of params.yaml: nothing unknown in it, nothing changed after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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


class Params(Section):
    """All parameters; `models`, `ensembles` and `targets` have one block for each entry of the catalogs."""

    budget: Literal["smoke", "small", "standard", "full"]
    budgets: dict[str, Budget]
    acquire: Acquisition
    preprocess: Preparation
    split: Splitting
    plan: Planning
    targets: Any
    models: Any
    ensembles: Any
    training: Training
    predict: Inference
    evaluate: Evaluation
    analyze: ErrorAnalysis
    benchmark: Benchmark
    compare: Comparing

    @model_validator(mode="after")
    def _budget_is_there(self) -> Self:
        if self.budget not in self.budgets:
            raise ValueError(
                f"budgets lacks {self.budget!r}, which budget names; it has {', '.join(self.budgets) or 'none'}"
            )
        return self

    @model_validator(mode="after")
    def _no_plan_by_hand(self) -> Self:
        for name in MODELS:
            if MODELS[name].planned and getattr(self.models, name).plan is not None:
                raise ValueError(
                    f"models.{name}.plan is made by the stage plan; remove it here and run `dvc repro plan`"
                )
        return self

    @property
    def chosen_budget(self) -> Budget:
        """The budget that the key `budget` names."""
        return self.budgets[self.budget]

    def hyperparameters(self, model: str) -> Hyperparameters:
        """Return a model's block.

        Raises:
            ValueError: if there is no such model.
        """
        if model not in MODELS:
            raise ValueError(f"unknown model {model!r}; known: {', '.join(MODELS)}")
        found: Hyperparameters = getattr(self.models, model)
        return found

    def ensembling(self, ensemble: str) -> Ensembling:
        """Return an ensemble's block.

        Raises:
            ValueError: if there is no such ensemble.
        """
        if ensemble not in ENSEMBLES:
            raise ValueError(f"unknown ensemble {ensemble!r}; known: {', '.join(ENSEMBLES)}")
        found: Ensembling = getattr(self.ensembles, ensemble)
        return found

    def target(self, model: str) -> Target:
        """Return the target that a model learns, with its settings."""
        found: Target = getattr(self.targets, MODELS[model].target)
        return found

    @property
    def runs(self) -> list[Run]:
        """The benchmark's trained runs, in the order of the grid."""
        return self._grid(self.benchmark.models)

    @property
    def ensemble_runs(self) -> list[Run]:
        """The benchmark's ensembles, one for each arm and seed of their members, in the order of the grid."""
        return self._grid(self.benchmark.ensembles)

    @property
    def scored_runs(self) -> list[Run]:
        """All that is compared: the trained runs, the ensembles, the classical floor."""
        return [*self.runs, *self.ensemble_runs, self.floor_run]

    def _grid(self, names: list[str]) -> list[Run]:
        return [Run(name, arm, seed) for name in names for arm in self.benchmark.arms for seed in self.benchmark.seeds]

    @property
    def floor_run(self) -> Run:
        """The row of the classical floor."""
        return Run(self.benchmark.floor, "real", 0)


def load_params(path: Path) -> Params:
    """Return the checked parameters of a project.

    Raises:
        FileNotFoundError: if there is no params.yaml: the command runs in the project's root.
        ValueError: one line for each wrong value, such as `models.unet.width: Input should be ...`.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path.name} not found here; run cellarena in the folder that holds dvc.yaml")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name}: not valid YAML ({' '.join(str(error).split())})") from error
    try:
        return _whole().model_validate(content)
    except ValidationError as error:
        raise ValueError("\n".join(_line(fault) for fault in error.errors())) from error


def _whole() -> type[Params]:
    """Return Params with a typed block for each model, ensemble and target of the catalogs."""
    models: dict[str, Any] = {name: (MODELS[name].hyperparameters, ...) for name in MODELS}
    ensembles: dict[str, Any] = dict.fromkeys(ENSEMBLES, (Ensembling, ...))
    targets: dict[str, Any] = {name: (TARGETS[name], ...) for name in TARGETS}
    sections: dict[str, Any] = {
        "models": (create_model("Models", __base__=Section, **models), ...),
        "ensembles": (create_model("Ensembles", __base__=Section, **ensembles), ...),
        "targets": (create_model("Targets", __base__=Section, **targets), ...),
    }
    return create_model("Params", __base__=Params, **sections)


def _line(fault: Any) -> str:
    where = ".".join(str(part) for part in fault["loc"]) or "params.yaml"
    return f"{where}: {fault['msg'].removeprefix('Value error, ')}"
