"""Every path of the project is decided here, and only here."""

from dataclasses import dataclass

from cellarena.layout.data_set import DataSetPaths
from cellarena.layout.registry import RegistryPaths
from cellarena.layout.results import ResultPaths
from cellarena.layout.runs import RunPaths
from cellarena.layout.synthesis import SynthesisPaths

SUBSETS = ("train", "val", "test")


@dataclass(frozen=True)
class Layout(DataSetPaths, RunPaths, ResultPaths, SynthesisPaths, RegistryPaths):
    """The paths of a project whose dvc.yaml lies in `root`.

    `data/` is big and lives in DVC's cache, `metrics/` is small numbers in git, `plots/` is what people look at.
    """
