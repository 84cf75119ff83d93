"""All parameters together, and the grids of runs that follow from them."""

from typing import Any, Literal, Self

from pydantic import model_validator

from cellarena.datasets.preparation import Preparation
from cellarena.datasets.sources.spec import Acquisition
from cellarena.datasets.splits import Splitting
from cellarena.evaluation.comparing import Comparing
from cellarena.learning.recipe import Budget, Inference, Training
from cellarena.models.ensembles import ENSEMBLES, Ensembling
from cellarena.models.planning.nnunet_plan import Planning
from cellarena.models.spec import MODELS, Hyperparameters
from cellarena.params.benchmark import Benchmark, ErrorAnalysis, Evaluation
from cellarena.params.registry import Registry
from cellarena.params.study import Study, Synthesis
from cellarena.params.visuals import Visuals
from cellarena.records import Run
from cellarena.section import Section
from cellarena.synthesis.arms import Arm
from cellarena.synthesis.generators.spec import GeneratorSettings
from cellarena.targets.spec import Target


class Params(Section):
    """All parameters; `models`, `ensembles`, `targets` and `generators` have a block for each entry of the catalogs."""

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
    generators: Any
    synthesize: Synthesis
    arms: dict[str, Arm]
    study: Study
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
    def _no_plan_by_hand(self) -> Self:
        for name in MODELS:
            if MODELS[name].planned and getattr(self.models, name).plan is not None:
                raise ValueError(
                    f"models.{name}.plan is made by the stage plan; remove it here and run `dvc repro plan`"
                )
        return self

    @model_validator(mode="after")
    def _study_is_declared(self) -> Self:
        for name in self.study.models:
            if name not in self.benchmark.models:
                raise ValueError(f"study.models names {name}, which benchmark.models lacks")
        for name in self.study.generators:
            if name not in self.synthesize.generators:
                raise ValueError(f"study.generators names {name}, which synthesize.generators lacks")
        for name in ("real", *self.study.arms):
            if name not in self.arms:
                raise ValueError(f"arms lacks {name}, which the study needs")
        if self.arms["real"].model_dump(exclude={"label"}) != Arm(label="R", real=1).model_dump(exclude={"label"}):
            raise ValueError("arms.real is all real images and nothing else: {label: R, real: 1}")
        if self.study.arms and not self.study.generators:
            raise ValueError("study.generators is empty, but the stages of study.arms read what generators made")
        if "real" in self.study.arms:
            raise ValueError("study.arms names real, which every arm is compared with anyway; remove it there")
        return self

    @model_validator(mode="after")
    def _generators_of_the_arms_are_fitted(self) -> Self:
        for name in self.study.arms:
            generator = self.arms[name].generator
            if generator and generator not in self.study.generators:
                raise ValueError(f"arms.{name}.generator: {generator} is none of study.generators; add it there")
            if generator and 0 < self.arms[name].real < self.synthesize.generators[generator].share:
                raise ValueError(
                    f"arms.{name}: {generator} knows more real images than the arm holds; name one in "
                    f"synthesize.generators with a share of at most {self.arms[name].real}"
                )
        return self

    @model_validator(mode="after")
    def _seeds_on_real_images(self) -> Self:
        lacking = [seed for seed in self.study.seeds if seed not in self.benchmark.seeds]
        if self.study.models and self.study.real_seeds != lacking:
            raise ValueError(f"study.real_seeds must be the seeds of the study that the benchmark lacks: {lacking}")
        return self

    @model_validator(mode="after")
    def _champion_is_compared(self) -> Self:
        known = [*self.benchmark.models, *self.benchmark.ensembles]
        if self.registry.champion not in known:
            raise ValueError(f"registry.champion: {self.registry.champion} is none of {', '.join(known)}")
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
    def pictured_run(self) -> Run:
        """The run whose filters and feature maps are shown: of the U-Net, or of the first model if there is none."""
        models = self.benchmark.models
        return Run("unet" if "unet" in models else models[0], "real", self.benchmark.seeds[0])

    @property
    def real_runs(self) -> list[Run]:
        """The study's runs on the real images that the benchmark lacks."""
        return [Run(name, "real", seed) for name in self.study.models for seed in self.study.real_seeds]

    @property
    def study_runs(self) -> list[Run]:
        """The study's runs on its other arms, in the order of the grid."""
        study = self.study
        return [Run(name, arm, seed) for name in study.models for arm in study.arms for seed in study.seeds]

    @property
    def compared_runs(self) -> list[Run]:
        """All that the study compares: its models on the real images and on the other arms, with its seeds."""
        study = self.study
        real = [Run(name, "real", seed) for name in study.models for seed in study.seeds]
        return [*real, *self.study_runs]

    def arm(self, name: str) -> Arm:
        """Return an arm's block.

        Raises:
            ValueError: if there is no such arm.
        """
        if name not in self.arms:
            raise ValueError(f"unknown arm {name!r}; known: {', '.join(self.arms)}")
        return self.arms[name]

    def generator_settings(self, name: str) -> GeneratorSettings:
        """Return the settings of one of `synthesize.generators`.

        Raises:
            ValueError: if there is none of that name.
        """
        if name not in self.synthesize.generators:
            raise ValueError(
                f"unknown generator {name!r}; synthesize.generators: {', '.join(self.synthesize.generators)}"
            )
        found: GeneratorSettings = getattr(self.generators, self.synthesize.generators[name].kind)
        return found

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
