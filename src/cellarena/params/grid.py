"""Which runs there are: the rows of the benchmark, those of the study, and what is left out of either."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from cellarena.methods.spec import METHODS
from cellarena.models.ensembles import Ensembling
from cellarena.records import REAL, Run
from cellarena.section import Section
from cellarena.synthesis.arms import Arm

_NO_NETWORK = "benchmark.models has no network"


def _unique(section: Section) -> None:
    for key, names in section:
        if len(set(names)) < len(names):
            raise ValueError(f"{key} names one entry twice")


class Benchmark(Section):
    """What is compared on the real images, with every seed."""

    models: list[str] = Field(min_length=1)
    """Networks and methods without training."""
    ensembles: list[str]
    """Of the section `ensembles`."""

    @model_validator(mode="after")
    def _no_entry_twice(self) -> Self:
        _unique(self)
        return self


class Study(Section):
    """Which models learn from which other arms, with every seed, to be compared with the real images alone."""

    models: list[str]
    """Of the benchmark's networks."""
    arms: list[str]
    """Of the section `arms`, beside `real`."""

    @model_validator(mode="after")
    def _no_entry_twice(self) -> Self:
        _unique(self)
        return self


class Grid(Section, extra="ignore"):
    """The sections of params.yaml that say which runs there are."""

    seeds: list[Annotated[int, Field(ge=0, lt=2**32)]] = Field(min_length=1)
    benchmark: Benchmark
    ensembles: dict[str, Ensembling]
    study: Study
    arms: dict[str, Arm]

    @model_validator(mode="after")
    def _seeds_once(self) -> Self:
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError("seeds names one entry twice")
        return self

    @model_validator(mode="after")
    def _all_is_declared(self) -> Self:
        for name in self.benchmark.ensembles:
            if name not in self.ensembles:
                raise ValueError(f"benchmark.ensembles names {name}, which the section ensembles lacks")
        for name in (REAL, *self.study.arms):
            if name not in self.arms:
                raise ValueError(f"arms lacks {name}, which the study needs")
        if self.arms[REAL].model_dump(exclude={"label"}) != Arm(label="R", real=1).model_dump(exclude={"label"}):
            raise ValueError("arms.real is all real images and nothing else: {label: R, real: 1}")
        if REAL in self.study.arms:
            raise ValueError("study.arms names real, which every arm is compared with anyway; remove it there")
        return self

    def arm(self, name: str) -> Arm:
        """Return an arm's block.

        Raises:
            ValueError: if there is no such arm.
        """
        if name not in self.arms:
            raise ValueError(f"unknown arm {name!r}; known: {', '.join(self.arms)}")
        return self.arms[name]

    @model_validator(mode="after")
    def _something_learns(self) -> Self:
        if not self.networks:
            raise ValueError("benchmark.models names no network; name one beside the methods without training")
        return self

    @property
    def networks(self) -> list[str]:
        """The models of the benchmark that learn."""
        return [name for name in self.benchmark.models if name not in METHODS]

    @property
    def ensembles_left_out(self) -> dict[str, str]:
        """The ensembles of the benchmark that cannot be made, and why."""
        absent = {
            name: [member for member in self.ensembles[name].members if member not in self.networks]
            for name in self.benchmark.ensembles
        }
        return {name: f"benchmark.models lacks {' and '.join(lacking)}" for name, lacking in absent.items() if lacking}

    @property
    def studied(self) -> list[str]:
        """The models of the study: those that learn from the real images, too."""
        return [name for name in self.study.models if name in self.networks] if self.study.arms else []

    @property
    def asked_generators(self) -> list[str]:
        """The generators that the arms of the study ask for, in their order; none where no model is studied."""
        asked = [self.arms[arm].generator for arm in self.study.arms if self.studied]
        return list(dict.fromkeys(name for name in asked if name))

    @property
    def left_out(self) -> dict[str, str]:
        """What the sections name and the other choices rule out, with the reason."""
        models = {
            f"study of {name}": f"{_NO_NETWORK} {name}" for name in self.study.models if name not in self.networks
        }
        return {**self.ensembles_left_out, **models}

    @property
    def runs(self) -> list[Run]:
        """The benchmark's trained runs, in the order of the grid."""
        return [Run(name, REAL, seed) for name in self.networks for seed in self.seeds]

    @property
    def method_runs(self) -> list[Run]:
        """The benchmark's methods without training: one run each, as no seed makes another."""
        return [Run(name, REAL, self.seeds[0]) for name in self.benchmark.models if name in METHODS]

    @property
    def ensemble_runs(self) -> list[Run]:
        """The benchmark's ensembles, one for each seed of their members."""
        present = [name for name in self.benchmark.ensembles if name not in self.ensembles_left_out]
        return [Run(name, REAL, seed) for name in present for seed in self.seeds]

    @property
    def rows(self) -> list[Run]:
        """All that the benchmark compares."""
        return [*self.runs, *self.ensemble_runs, *self.method_runs]

    def run_left_out(self, run: Run) -> str:
        """Return why a run of the study is left out; empty if it is not, or is none of the study.

        Raises:
            ValueError: if there is no such arm.
        """
        self.arm(run.arm)
        declared = run.arm != REAL and run.model in self.study.models
        return f"{_NO_NETWORK} {run.model}" if declared and run.model not in self.networks else ""

    @property
    def pictured_run(self) -> Run:
        """The run whose filters and features are shown: of the U-Net, or of the first network if there is none."""
        return Run("unet" if "unet" in self.networks else self.networks[0], REAL, self.seeds[0])

    @property
    def study_runs(self) -> list[Run]:
        """The study's runs on its arms beside the real one, in the order of the grid."""
        return [Run(name, arm, seed) for name in self.studied for arm in self.study.arms for seed in self.seeds]

    @property
    def compared_runs(self) -> list[Run]:
        """All that the study compares: its models on the real images and on the other arms."""
        return [*(Run(name, REAL, seed) for name in self.studied for seed in self.seeds), *self.study_runs]
