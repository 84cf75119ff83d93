"""All parameters together, and what one section asks of another."""

from typing import Any, Literal, Self

from pydantic import model_validator

from cellarena.datasets.preparation import Preparation
from cellarena.datasets.sources.spec import Acquisition
from cellarena.datasets.splitting.splits import Splitting
from cellarena.evaluation.comparing import Comparing
from cellarena.evaluation.settings import ErrorAnalysis, Evaluation
from cellarena.learning.recipe import Budget, Inference, Training
from cellarena.methods.spec import METHODS
from cellarena.models.planning.nnunet_plan import Planning
from cellarena.models.spec import MODELS
from cellarena.params.grid import Grid
from cellarena.params.registry import Registry
from cellarena.params.visuals import Visuals
from cellarena.synthesis.generators.spec import GENERATORS
from cellarena.synthesis.settings import Synthesis


class Params(Grid, extra="forbid"):
    """All parameters; `models`, `targets` and `generators` have a block for each entry of the catalogs."""

    budget: Literal["smoke", "small", "standard", "full"]
    budgets: dict[str, Budget]
    acquire: Acquisition
    preprocess: Preparation
    split: Splitting
    plan: Planning
    targets: Any
    models: Any
    training: Training
    predict: Inference
    evaluate: Evaluation
    analyze: ErrorAnalysis
    compare: Comparing
    generators: Any
    synthesize: Synthesis
    visuals: Visuals
    registry: Registry

    @model_validator(mode="after")
    def _budget_is_there(self) -> Self:
        if self.budget not in self.budgets:
            raise ValueError(
                f"budgets lacks {self.budget!r}, which budget names; it has {', '.join(self.budgets) or 'none'}"
            )
        if self.budget not in self.synthesize.steps:
            raise ValueError(f"synthesize.steps lacks {self.budget!r}, which budget names")
        return self

    @model_validator(mode="after")
    def _models_are_known(self) -> Self:
        named = {"benchmark.models": self.benchmark.models, "study.models": self.study.models}
        named |= {f"ensembles.{name}.members": ensemble.members for name, ensemble in self.ensembles.items()}
        for where, names in named.items():
            for name in names:
                if name not in MODELS and (name not in METHODS or where != "benchmark.models"):
                    raise ValueError(f"{where}: unknown model {name!r}; known: {', '.join([*MODELS, *METHODS])}")
        for name, ensemble in self.ensembles.items():
            if len({MODELS[member].target for member in ensemble.members}) > 1:
                raise ValueError(f"ensembles.{name}.members learn different targets, whose outputs have no mean")
        if taken := [name for name in self.ensembles if name in MODELS or name in METHODS]:
            raise ValueError(f"ensembles.{taken[0]}: a model has that name")
        return self

    @model_validator(mode="after")
    def _no_plan_by_hand(self) -> Self:
        for name in MODELS:
            if MODELS[name].planned and getattr(getattr(self.models, name), "plan", None) is not None:
                raise ValueError(
                    f"models.{name}.plan is made by the stage plan; remove it here and run `dvc repro plan`"
                )
        return self

    @model_validator(mode="after")
    def _generators_are_known(self) -> Self:
        sources = self.synthesize.generators
        for name, source in sources.items():
            if source.kind not in GENERATORS:
                raise ValueError(
                    f"synthesize.generators.{name}: unknown generator {source.kind!r}; known: {', '.join(GENERATORS)}"
                )
        for name, arm in self.arms.items():
            if arm.generator and arm.generator not in sources:
                raise ValueError(f"arms.{name}.generator: synthesize.generators lacks {arm.generator}")
            if arm.generator and 0 < arm.real < sources[arm.generator].share:
                raise ValueError(
                    f"arms.{name}: {arm.generator} knows more real images than the arm holds; name one in "
                    f"synthesize.generators with a share of at most {arm.real}"
                )
        return self

    @property
    def champion_left_out(self) -> str:
        """Why the champion is no row, empty if it is one."""
        if self.registry.champion in {run.model for run in self.rows}:
            return ""
        return self.ensembles_left_out.get(self.registry.champion, "benchmark.models lacks it")
