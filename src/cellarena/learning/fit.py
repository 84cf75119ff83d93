"""One training from start, or from where it was interrupted, to the best and the last weights."""

import logging
import shutil
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import lightning
import torch
from dvclive.lightning import DVCLiveLogger
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint
from lightning.pytorch.loggers import Logger, TensorBoardLogger
from torch import Tensor
from torch.utils.data import DataLoader

from cellarena.datasets.loading import Annotated, Crops, StepSampler
from cellarena.learning.checkpoints import build_network, load_weights
from cellarena.learning.module import SCORE, Segmentation
from cellarena.learning.progress import Progress
from cellarena.learning.recipe import Budget, Inference, Training, checked_accelerator
from cellarena.learning.resume import KeepBest, KeepLog
from cellarena.models.spec import Hyperparameters
from cellarena.seeds import digest
from cellarena.targets.spec import Target

# Lightning's notices on devices and products say nothing about this training.
logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
warnings.filterwarnings("ignore", message=".*LeafSpec.*")


@dataclass(frozen=True)
class Recipe:
    """All that a training depends on beside the data."""

    model: str
    hyperparameters: Hyperparameters
    target: Target
    budget: Budget
    training: Training
    inference: Inference
    seed: int


@dataclass(frozen=True)
class Fitted:
    """What a training ends in: the weights of its best validation and of its last step."""

    best: dict[str, Tensor]
    last: dict[str, Tensor]
    score: float
    step: int
    n_steps: int


def fit(recipe: Recipe, train: Sequence[Annotated], val: Sequence[Annotated], state: Path, log: Path) -> Fitted:
    """Train a network; continue if `state` holds the checkpoint of an interrupted training.

    Args:
        recipe: what to train and how.
        train: annotated images that crops are taken from, at least one.
        val: annotated images that the score is computed on, at least one.
        state: folder of this very training (see `resume.fingerprint`).
        log: folder that DVCLive writes metrics.json and plots/ to.

    Returns:
        Best and last weights.

    Raises:
        ValueError: if a subset is empty, the loss stops being finite, or the accelerator is absent.
    """
    if not train or not val:
        raise ValueError(f"training needs images to learn from and to validate on, got {len(train)} and {len(val)}")
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.manual_seed(digest(recipe.seed, "weights") % 2**63)
    network = build_network(recipe.model, recipe.hyperparameters, recipe.target)
    module = Segmentation(
        network, recipe.target, recipe.hyperparameters.learning_rate, recipe.budget, recipe.training,
        recipe.inference, recipe.seed,
    )  # fmt: skip
    best = KeepBest(state)
    last = state / "last.ckpt"
    resumed = _restore(last, state / "log", log)
    trainer = _trainer(recipe, [best, *_callbacks(recipe, state, log)], _loggers(recipe, state, log, resumed))
    whole: DataLoader[Annotated] = DataLoader(val, batch_size=None, collate_fn=_as_it_is)  # type: ignore[arg-type]
    trainer.fit(module, _crop_loader(recipe, train), whole, ckpt_path=str(last) if resumed else None, weights_only=True)
    if trainer.interrupted:
        raise KeyboardInterrupt
    final = {name: tensor.detach().cpu().clone() for name, tensor in network.state_dict().items()}
    load_weights(network, best.path)
    chosen = {name: tensor.detach().cpu() for name, tensor in network.state_dict().items()}
    return Fitted(chosen, final, best.score, best.step, trainer.global_step)


def _restore(last: Path, kept_log: Path, log: Path) -> bool:
    """Put the log of an interrupted training back into its place; return whether there is one to continue."""
    shutil.rmtree(log, ignore_errors=True)
    if not last.is_file():
        return False
    if kept_log.is_dir():
        shutil.copytree(kept_log, log)
    return True


def _crop_loader(recipe: Recipe, train: Sequence[Annotated]) -> DataLoader[tuple[Tensor, Tensor]]:
    budget = recipe.budget
    crops = Crops(train, recipe.target, budget.crop, recipe.seed)
    sampler = StepSampler(budget.validate_every * budget.batch_size)
    return DataLoader(crops, batch_size=budget.batch_size, sampler=sampler)  # type: ignore[arg-type]


def _as_it_is(annotated: Annotated) -> Annotated:
    return annotated


def _callbacks(recipe: Recipe, state: Path, log: Path) -> list[Callback]:
    return [
        EarlyStopping(SCORE, mode="max", patience=recipe.training.patience, check_on_train_epoch_end=False),
        KeepLog(log, state / "log"),
        ModelCheckpoint(state, filename="last", save_on_train_epoch_end=True, enable_version_counter=False),
        Progress(recipe.budget.steps),
    ]


def _loggers(recipe: Recipe, state: Path, log: Path, resumed: bool) -> list[Logger]:
    live = DVCLiveLogger(dir=str(log), dvcyaml=None, save_dvc_exp=False, report=None, resume=resumed)
    board = [TensorBoardLogger(state.parent, name="tensorboard")] if recipe.training.tensorboard else []
    return [live, *board]


def _trainer(recipe: Recipe, callbacks: list[Callback], loggers: list[Logger]) -> lightning.Trainer:
    return lightning.Trainer(
        accelerator=checked_accelerator(recipe.training.accelerator),
        devices=1,
        precision=recipe.training.precision,
        max_steps=recipe.budget.steps,
        logger=loggers,
        callbacks=callbacks,
        num_sanity_val_steps=0,
        gradient_clip_val=1.0,
        enable_progress_bar=False,
        enable_model_summary=False,
        log_every_n_steps=recipe.budget.validate_every,
    )
