"""Progress of a training: a moving line on a terminal, one line a validation in a log."""

import time

import lightning
from lightning.pytorch.callbacks import Callback
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from cellarena.learning.module import SCORE


class Progress(Callback):
    """Shows steps done, time to go, and each validation's score.

    Args:
        n_steps: how many steps the training has at most.
    """

    def __init__(self, n_steps: int) -> None:
        self._console = Console()
        columns = (
            TextColumn("training"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("steps"),
            TimeRemainingColumn(),
        )
        self._bar = Bar(*columns, console=self._console, transient=True, disable=not self._console.is_terminal)
        self._task = self._bar.add_task("training", total=n_steps)
        self._start = 0.0

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:  # noqa: ARG002
        """Start the clock; say where a resumed training goes on."""
        self._start = time.monotonic()
        if trainer.global_step:
            self._console.print(f"resumed at step {trainer.global_step}")
        self._bar.start()

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: object) -> None:
        """Move on by one step."""
        self._bar.update(self._task, completed=trainer.global_step)

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:  # noqa: ARG002
        """Print loss and score of the interval that ended with a validation."""
        metrics = trainer.callback_metrics
        self._console.print(
            f"step {trainer.global_step:>6}   loss {float(metrics['train/loss']):.4f}   "
            f"validation F1 {float(metrics[SCORE]):.4f}   {time.monotonic() - self._start:.0f} s",
            highlight=False,
        )

    def teardown(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, stage: str) -> None:  # noqa: ARG002
        """Take the moving line away."""
        self._bar.stop()
