"""The one LightningModule: any network on any target, validated by the score of whole images."""

from typing import Any

import lightning
import torch
from torch import Tensor, nn

from cellarena.datasets.cropping.crops import Annotated
from cellarena.learning.optimizers import configured
from cellarena.learning.predict import Network, Tiles, segment
from cellarena.learning.processes import whole_batch, whole_mean
from cellarena.learning.recipe import Recipe
from cellarena.learning.supervision import supervised_loss
from cellarena.learning.tuning import image_score
from cellarena.models.spec import MODELS
from cellarena.seeds import digest

SCORE = "val/f1"


class Segmentation(lightning.LightningModule):
    """A network in training.

    Args:
        network: what the recipe's model builds.
        recipe: what decides how it learns.

    Attributes:
        worth_keeping: whether the weights are those of the network that the recipe asks for, and not of a phase before.
    """

    def __init__(self, network: nn.Module, recipe: Recipe) -> None:
        super().__init__()
        self.network = network
        self._recipe = recipe
        self._scores: list[float] = []
        self.worth_keeping = True
        tiles = Tiles.of(recipe.hyperparameters, recipe.inference.of_one_view)
        self._segmenter = Network(network, recipe.target, tiles)

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:  # noqa: ARG002
        """Reseed torch by step, so that a resumed run draws what an uninterrupted one draws; choose what learns."""
        torch.manual_seed(digest(self._recipe.seed, "step", self.global_step) % 2**63)
        if phase := MODELS[self._recipe.model].phase:
            share_done = self.global_step / self._recipe.budget.steps
            self.worth_keeping = phase(self._recipe.hyperparameters, self.network, share_done)

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:  # noqa: ARG002
        """Return the loss of one batch of crops, those of all processes that learn together.

        Raises:
            ValueError: if the loss is not finite.
        """
        images, targets = batch
        output = self.network(images)
        whole = whole_batch(output) if isinstance(output, Tensor) else tuple(whole_batch(scaled) for scaled in output)
        loss = supervised_loss(self._recipe.target, whole, whole_batch(targets))
        if not torch.isfinite(loss):
            raise ValueError(f"the loss is {loss.item()} at step {self.global_step}; lower the learning rate")
        self.log("train/loss", loss, on_step=False, on_epoch=True, batch_size=len(images), sync_dist=True)
        self._log_step(self.global_step + 1)
        return loss

    def validation_step(self, batch: Annotated, batch_idx: int) -> None:  # noqa: ARG002
        """Score one whole image: F1 at IoU 0.5, objects that touch the border left out."""
        self._scores.append(image_score(batch, segment(self._segmenter, batch.image)))

    def on_validation_epoch_end(self) -> None:
        """Log the mean score of all images, those of all processes that learn together."""
        # Lightning's own mean rounds the number of images, which differs between processes.
        self.log(SCORE, whole_mean(self._scores, self.device), sync_dist=True)
        self._log_step(self.global_step)
        self._scores.clear()

    def _log_step(self, n_done: int) -> None:
        """Say how many steps a logged value comes after; Lightning's own count shifts when a training is resumed."""
        self.log("step", float(n_done), on_step=False, on_epoch=True, batch_size=1, reduce_fx="max", sync_dist=True)

    def configure_optimizers(self) -> Any:
        """Return the optimizer of the recipe and its schedule."""
        recipe = self._recipe
        steps, warmup, rate = recipe.budget.steps, recipe.training.warmup, recipe.budget.rate
        return configured(self.parameters(), recipe.hyperparameters, steps, warmup, rate)

    def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int) -> Any:
        """Leave whole images where they are: inference moves their tiles."""
        if isinstance(batch, Annotated):
            return batch
        return super().transfer_batch_to_device(batch, device, dataloader_idx)
