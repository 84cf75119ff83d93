"""Interrupted trainings: what belongs to the very same training is continued, anything else starts anew."""

import hashlib
import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import lightning
from lightning.pytorch.callbacks import Callback

import cellarena
from cellarena.learning.checkpoints import save_weights
from cellarena.learning.module import SCORE

_DECISIVE = ("datasets", "images", "learning", "models", "targets")


def fingerprint(settings: dict[str, Any], files: Iterable[Path]) -> str:
    """Return 16 hex digits that change with any setting and with any byte of the training data.

    Args:
        settings: what the training depends on, as JSON types.
        files: the files it reads, in a fixed order.
    """
    total = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for path in files:
        total.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:16]


def own_code() -> list[Path]:
    """Return the source files that decide what a training does: after an edit a training starts anew."""
    package = Path(cellarena.__file__).parent
    return [path for part in _DECISIVE for path in sorted((package / part).rglob("*.py"))]


def prepare(folder: Path) -> Path:
    """Return the folder of this fingerprint, made if need be; those of the run's other fingerprints are removed."""
    for other in folder.parent.iterdir() if folder.parent.is_dir() else ():
        if other.name != folder.name:
            shutil.rmtree(other)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def discard(folder: Path) -> None:
    """Remove what an interrupted training would have been continued from; the training is done."""
    shutil.rmtree(folder)


class KeepBest(Callback):
    """Keeps the weights of the best validation as `best.safetensors`, and says what the best score was and when."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "best.safetensors"
        self.score = float("-inf")
        self.step = 0

    def on_validation_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Keep the weights if the score is higher than any before; the earlier of equal scores stays."""
        score = float(trainer.callback_metrics[SCORE])
        if score > self.score:
            self.score, self.step = score, trainer.global_step
            save_weights(pl_module.network.state_dict(), self.path)  # type: ignore[union-attr]

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint keeps of this callback."""
        return {"score": self.score, "step": self.step}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up what a checkpoint kept."""
        self.score, self.step = state_dict["score"], state_dict["step"]


class KeepLog(Callback):
    """Copies the log of a run beside its checkpoint, since DVC empties a stage's outputs before it runs again."""

    def __init__(self, log: Path, kept: Path) -> None:
        self._log = log
        self._kept = kept

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:  # noqa: ARG002
        """Copy the log as it stands."""
        if self._log.is_dir():
            shutil.copytree(self._log, self._kept, dirs_exist_ok=True)
