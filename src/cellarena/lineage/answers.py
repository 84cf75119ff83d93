"""What a lineage says: the data, the arm, the training, its parents and the environment of what is asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cellarena.images.origins import Origin
from cellarena.lineage.comparison import Comparison
from cellarena.records import Run
from cellarena.registry.packages.package import Package
from cellarena.registry.releases.releases import Released
from cellarena.registry.repository.locked import LockedStage


@dataclass(frozen=True)
class Data:
    """The data set; md5 as dvc.lock records them, None for what it does not rest on."""

    source: str | None
    licence: str | None
    raw: str | None
    preprocessed: str | None
    splits: str | None
    split: Mapping[str, Any]
    """The parameters of the split."""


@dataclass(frozen=True)
class Generator:
    """What made an arm's synthetic images; md5 of its weights and of the images."""

    name: str
    weights: str | None
    images: str | None
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Training:
    """A stage that trained a network or put an ensemble together, and the parameters it had."""

    stage: str
    run: Run
    checkpoint: str | None
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Parent:
    """What was not learnt from the arm's real images: pretrained weights, a member of an ensemble, or a generator."""

    kind: str
    name: str
    hash: str
    """sha256:... or md5:..., empty if none is recorded."""


@dataclass(frozen=True)
class Environment:
    """The commit of the code, and the libraries that it ran with."""

    commit: str
    requirements_sha256: str | None
    libraries: Mapping[str, str]
    """By name, the versions that a release learnt with."""
    otherwise: Mapping[str, str]
    """By name, what requirements.lock asks for in the place of one of these."""


@dataclass(frozen=True)
class Subject:
    """What is asked for, as the user wrote it: a release, a prediction or an output; what does not apply is None."""

    asked: str
    kind: str
    commit: str
    run: Run | None = None
    release: Released | None = None
    """Of a label image the one that made it."""
    comparison: Comparison | None = None
    """Of an output with what its stage made."""
    origin: Origin | None = None
    """What a label image says of itself."""
    labels_unchanged: bool | None = None
    """Since they were written."""
    package: Package | None = None
    """What the release says of itself."""


@dataclass(frozen=True, kw_only=True)
class Lineage(Subject):
    """The answer: what is asked for, and what follows from its stages; what does not apply is None or empty."""

    data: Data
    arm: Mapping[str, Any]
    """Its parameters."""
    generator: Generator | None
    """Of the arm's synthetic images."""
    training: Training | None
    """Of the run; members of an ensemble are among the parents."""
    parents: Sequence[Parent]
    environment: Environment
    stages: Sequence[LockedStage]
    """The one that made it and all that this rests on, the nearest first."""
