"""The one LightningModule: any network on any target, validated by the score of whole images."""

import math
from collections.abc import Callable
from typing import Any

import lightning
import numpy as np
import torch
from torch import Tensor, nn

from cellarena.datasets.loading import Annotated
from cellarena.evaluation.matching import iou_pairs, match
from cellarena.evaluation.metrics import f1
from cellarena.images.labels import without_border_objects
from cellarena.learning.predict import segment
from cellarena.learning.recipe import Budget, Inference, Training
from cellarena.seeds import digest
from cellarena.targets.spec import Target

SCORE = "val/f1"


class Segmentation(lightning.LightningModule):
    """A network in training.

    Args:
        network: maps (B, 3, H, W) float32 in [0, 1] to (B, n_channels, H, W).
        target: loss and decoding.
        learning_rate: highest rate of the schedule.
        budget: number of steps.
        training: weight decay and warm-up.
        inference: how validation images are tiled.
        seed: the run's seed.
    """

    def __init__(
        self, network: nn.Module, target: Target, learning_rate: float, budget: Budget, training: Training,
        inference: Inference, seed: int,
    ) -> None:  # fmt: skip
        super().__init__()
        self.network = network
        self.target = target
        self._rate = learning_rate
        self._budget = budget
        self._training = training
        self._inference = inference
        self._seed = seed

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:  # noqa: ARG002
        """Reseed torch by step, so that a resumed run draws what an uninterrupted one draws."""
        torch.manual_seed(digest(self._seed, "step", self.global_step) % 2**63)

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:  # noqa: ARG002
        """Return the loss of one batch of crops.

        Raises:
            ValueError: if the loss is not finite.
        """
        images, targets = batch
        loss = self.target.loss(self.network(images), targets)
        if not torch.isfinite(loss):
            raise ValueError(f"the loss is {loss.item()} at step {self.global_step}; lower the learning rate")
        self.log("train/loss", loss, on_step=False, on_epoch=True, batch_size=len(images))
        self._log_step(self.global_step + 1)
        return loss

    def validation_step(self, batch: Annotated, batch_idx: int) -> None:  # noqa: ARG002
        """Score one whole image: F1 at IoU 0.5, objects that touch the border left out."""
        predicted = segment(self.network, self.target, batch.image, self._inference)
        true, pred = (without_border_objects(labels) for labels in (batch.labels, predicted))
        score = f1(match(iou_pairs(true, pred), 0.5))
        self.log(SCORE, torch.tensor(score, dtype=torch.float32), on_epoch=True, batch_size=1)
        self._log_step(self.global_step)

    def _log_step(self, n_done: int) -> None:
        """Say how many steps a logged value comes after; Lightning's own count shifts when a training is resumed."""
        self.log("step", float(n_done), on_step=False, on_epoch=True, batch_size=1, reduce_fx="max")

    def configure_optimizers(self) -> Any:
        """Return AdamW with a linear warm-up and a half cosine down to zero."""
        optimizer = torch.optim.AdamW(self.parameters(), lr=self._rate, weight_decay=self._training.weight_decay)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, warm_cosine(self._budget.steps, self._training.warmup))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int) -> Any:
        """Leave whole images where they are: inference moves their tiles."""
        if isinstance(batch, Annotated):
            return batch
        return super().transfer_batch_to_device(batch, device, dataloader_idx)


def warm_cosine(steps: int, warmup: float) -> Callable[[int], float]:
    """Return the factor of the learning rate at a step: up to 1 in `warmup` of the steps, then down to nearly 0."""
    rising = max(1, round(steps * warmup))

    def factor(step: int) -> float:
        if step < rising:
            return (step + 1) / rising
        return float(np.clip(0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising))), 1e-3, 1))

    return factor
