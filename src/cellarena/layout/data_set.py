"""Where the data set lies, from its images to its subsets and what is known of it."""

from dataclasses import dataclass
from pathlib import Path

from cellarena.records import REAL


@dataclass(frozen=True)
class DataSetPaths:
    """Paths that do not depend on a run."""

    root: Path

    @property
    def params(self) -> Path:
        """The parameters of the whole pipeline."""
        return self.root / "params.yaml"

    @property
    def grid(self) -> Path:
        """Which runs there are, as follows from the parameters."""
        return self.root / "grid.yaml"

    @property
    def code(self) -> Path:
        """The fingerprints of the code of each stage."""
        return self.root / "code.yaml"

    @property
    def inbox(self) -> Path:
        """The folder of the images that were brought into the project."""
        return self.root / "inbox"

    @property
    def raw(self) -> Path:
        """Images and labels as acquired, with their manifest."""
        return self.root / "data" / "raw"

    @property
    def preprocessed(self) -> Path:
        """8-bit RGB images, label images and classes, with their manifest."""
        return self.root / "data" / "preprocessed"

    @property
    def splits(self) -> Path:
        """The manifests of the subsets and the leakage report; their paths are relative to `preprocessed`."""
        return self.root / "data" / "splits"

    def manifest(self, folder: Path) -> Path:
        """Return the manifest of `raw` or `preprocessed`."""
        return folder / "manifest.csv"

    def subset(self, name: str) -> Path:
        """Return the manifest of train, val or test."""
        return self.splits / f"{name}.csv"

    @property
    def plans(self) -> Path:
        """What follows from the train subset for networks that configure themselves."""
        return self.root / "data" / "plans"

    def plan(self, model: str) -> Path:
        """Return what was planned for a model; an empty one for a model that does not configure itself."""
        return self.plans / model / "plan.json"

    @property
    def fingerprint(self) -> Path:
        """What the planner was told of the training images."""
        return self.plans / "fingerprint.json"

    @property
    def data(self) -> Path:
        """What the paths in an arm's manifest are relative to."""
        return self.root / "data"

    @property
    def arms(self) -> Path:
        """The manifests of the study's arms; it is there for a study without arms, too."""
        return self.data / "study" / "arms"

    def arm(self, name: str) -> Path:
        """Return the manifest of one of the study's arms; its paths are relative to `data`."""
        return self.arms / f"{name}.csv"

    def learnt(self, arm: str) -> tuple[Path, Path]:
        """Return the manifest that an arm's networks learn from, and the folder that its paths are relative to."""
        return (self.subset("train"), self.preprocessed) if arm == REAL else (self.arm(arm), self.data)

    @property
    def arms_summary(self) -> Path:
        """The number of images in each of the study's arms."""
        return self.root / "metrics" / "study" / "arms.csv"

    @property
    def leakage(self) -> Path:
        """Groups of near-duplicates and what crosses subsets."""
        return self.splits / "leakage.json"

    @property
    def dataset_plots(self) -> Path:
        """Contact sheets of the data set."""
        return self.root / "plots" / "dataset"

    @property
    def dataset_figures(self) -> Path:
        """Figures of what the data set holds."""
        return self.dataset_plots / "figures"

    @property
    def dataset_metrics(self) -> Path:
        """Tables of the data set by modality."""
        return self.root / "metrics" / "dataset"

    def dataset_table(self, name: str) -> Path:
        """Return summary, formats, subsets, intensities or near_duplicates: a table of the data set by modality."""
        return self.dataset_metrics / f"{name}.csv"

    @property
    def exploration(self) -> Path:
        """The tables images, channels and objects: a row for each of the data set."""
        return self.root / "data" / "exploration"

    @property
    def strata(self) -> Path:
        """The bounds between the strata of the error analysis, from the train subset."""
        return self.root / "data" / "errors" / "strata.csv"
