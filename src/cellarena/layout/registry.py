"""Where packages lie, and what is written down of promotions."""

from dataclasses import dataclass
from pathlib import Path

from cellarena.records import Run


@dataclass(frozen=True)
class RegistryPaths:
    """Paths of what is released."""

    root: Path

    @property
    def pipeline(self) -> Path:
        """The stages and the artifacts."""
        return self.root / "dvc.yaml"

    @property
    def requirements(self) -> Path:
        """The libraries of the environment, pinned."""
        return self.root / "requirements.lock"

    def package(self, model: str) -> Path:
        """Return the folder that a release of a model or ensemble holds."""
        return self.root / "data" / "packages" / model

    def imported(self, name: str) -> Path:
        """Return the folder of a model that others trained; DVC tracks it by a file of its own beside it."""
        return self.root / "data" / "imported" / name

    def packed_checkpoint(self, package: Path, run: Run) -> Path:
        """Return the folder of a run's checkpoint in a package."""
        return package / "checkpoints" / str(run)

    def evidence(self, release: str, stage: str, n: int) -> Path:
        """Return what was found when a release such as `unet@v1.0.0` was put into a stage for the nth time."""
        return self.root / "releases" / release / f"{stage}-{n}.json"
