"""Where generators, synthetic images and what is said of them lie."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SynthesisPaths:
    """Paths of the augmentation study beside its runs."""

    root: Path

    def generator(self, name: str) -> Path:
        """Return the folder of a generator's model.safetensors and model.json."""
        return self.root / "data" / "generators" / name

    def generator_plots(self, name: str) -> Path:
        """Return the folder of the sample sheets and the losses of a generator's fit."""
        return self.root / "plots" / "generators" / name

    def generator_state(self, name: str, fingerprint: str) -> Path:
        """Return the folder that an interrupted fit is continued from; git and DVC ignore it."""
        return self.root / ".resume" / f"generator-{name}" / fingerprint

    def synthetic(self, generator: str) -> Path:
        """Return the folder of a generator's images and labels, their manifest and the table of their donors."""
        return self.root / "data" / "synthetic" / generator

    def donors(self, folder: Path) -> Path:
        """Return the table of the training images that each synthetic image of a folder is made from."""
        return folder / "donors.csv"

    def quality(self, generator: str) -> Path:
        """Return the folder of the tables that compare a generator's images with real ones."""
        return self.root / "metrics" / "quality" / generator

    def quality_plots(self, generator: str) -> Path:
        """Return the folder of the figures that compare a generator's images with real ones."""
        return self.root / "plots" / "quality" / generator

    @property
    def study(self) -> Path:
        """Every arm against the real one, for each model of the study."""
        return self.root / "metrics" / "study.csv"

    @property
    def study_by_modality(self) -> Path:
        """The same within each modality."""
        return self.root / "metrics" / "study_by_modality.csv"

    @property
    def study_summary(self) -> Path:
        """The study's DVC metric: model -> arm -> metric."""
        return self.root / "metrics" / "study.json"

    @property
    def study_curves(self) -> Path:
        """Long tables of the arms' curves that `dvc plots` draws: row, threshold or step, F1."""
        return self.root / "plots" / "study" / "curves"

    @property
    def study_figures(self) -> Path:
        """Figures of the study."""
        return self.root / "plots" / "study" / "figures"

    @property
    def visuals(self) -> Path:
        """Filters and feature maps of networks."""
        return self.root / "plots" / "visuals"

    def study_report(self, suffix: str) -> Path:
        """Return the study's report in a format: md, txt, pdf or html."""
        return self.root / "reports" / f"study.{suffix}"
