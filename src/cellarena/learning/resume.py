"""Interrupted trainings: what belongs to the very same training is continued, anything else starts anew."""

import signal
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping
from torch import Tensor, nn

from cellarena.datasets.cropping.crops import StepSampler
from cellarena.files import write_bytes
from cellarena.learning.module import SCORE

_LOG = "log"


class KeepBest(Callback):
    """Keeps the weights of the best validation, its score and its step.

    Those of a phase that only prepares give way to any that come after it.
    """

    def __init__(self) -> None:
        self.weights: dict[str, Tensor] = {}
        self.score = float("-inf")
        self.step = 0
        self._final = False

    def on_validation_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Keep the weights if the score is higher than any before; the earlier of equal scores stays."""
        score = float(trainer.callback_metrics[SCORE])
        final = bool(pl_module.worth_keeping)
        if (final, score) > (self._final, self.score):
            self._final, self.score, self.step = final, score, trainer.global_step
            self.weights = copied_weights(pl_module.network)  # type: ignore[arg-type]

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint keeps of this callback."""
        return {"final": self._final, "score": self.score, "step": self.step, "weights": self.weights}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up what a checkpoint kept."""
        self._final, self.score = state_dict["final"], state_dict["score"]
        self.step, self.weights = state_dict["step"], state_dict["weights"]


class StopEarly(EarlyStopping):
    """Stops a training whose score no longer rises; validations of a phase that only prepares do not count.

    Args:
        patience: validations without a better score after which training stops.
    """

    def __init__(self, patience: int) -> None:
        super().__init__(SCORE, mode="max", patience=patience, check_on_train_epoch_end=False)

    def on_validation_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Count the validation if the weights are by now those of the network that was asked for."""
        if pl_module.worth_keeping:
            super().on_validation_end(trainer, pl_module)


class KeepState(Callback):
    """Saves after each validation all that a training needs to go on, in one file that appears whole or not at all.

    The log is part of it, since DVC empties a stage's outputs before it runs again. The moment is the start of the next
    interval: at the end of one Lightning has yet to log its loss, and after a restart would end it a second time.

    Args:
        path: the checkpoint to write.
        log: folder of text files that DVCLive writes.
    """

    def __init__(self, path: Path, log: Path) -> None:
        self._path = path
        self._log = log

    def on_train_epoch_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:  # noqa: ARG002
        """Save, once there is something to save."""
        if trainer.global_step == 0:
            return
        # Lightning resets these counts after this hook; saved as they are, a resumed interval would pass for done.
        interval = trainer.fit_loop.epoch_loop
        for counts in (
            interval.batch_progress,
            interval.scheduler_progress,
            interval.automatic_optimization.optim_progress,
        ):
            counts.reset_on_run()
        trainer.save_checkpoint(self._path)

    def on_save_checkpoint(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,  # noqa: ARG002
        checkpoint: dict[str, Any],
    ) -> None:
        """Add the log, file by file; of several processes the first writes it."""
        if trainer.is_global_zero:
            files = sorted(path for path in self._log.rglob("*") if path.is_file())
            log = {path.relative_to(self._log).as_posix(): path.read_text(encoding="utf-8") for path in files}
            checkpoint[_LOG] = log

    def on_load_checkpoint(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,  # noqa: ARG002
        checkpoint: dict[str, Any],
    ) -> None:
        """Put the log back into its place."""
        for name, content in checkpoint[_LOG].items() if trainer.is_global_zero else ():
            write_bytes(content.encode(), self._log / name)


class KeepPlace(Callback):
    """Tells the sampler where a resumed training goes on, before worker processes fetch the first crops.

    Lightning tells it too, but only after they did.
    """

    def __init__(self, sampler: StepSampler) -> None:
        self._sampler = sampler

    def on_load_checkpoint(
        self,
        trainer: lightning.Trainer,  # noqa: ARG002
        pl_module: lightning.LightningModule,  # noqa: ARG002
        checkpoint: dict[str, Any],
    ) -> None:
        """Choose the interval that comes next."""
        self._sampler.set_epoch(checkpoint["epoch"])


class KeepHandler(Callback):
    """Lets SIGTERM do in a training what it does elsewhere; Lightning would go on to the end of the step.

    Where several processes learn together Lightning's own handler waits for the others, which may be gone.
    """

    def __init__(self, handler: Any) -> None:
        self._handler = handler

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:  # noqa: ARG002
        """Put the handler back; Lightning itself does so when the training is over."""
        signal.signal(signal.SIGTERM, self._handler)


def copied_weights(network: nn.Module) -> dict[str, Tensor]:
    """Return a network's weights as they are now, on the CPU, in torch's usual layout."""
    usual = torch.contiguous_format
    return {name: tensor.detach().cpu().clone(memory_format=usual) for name, tensor in network.state_dict().items()}
