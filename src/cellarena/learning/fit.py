"""One training from start, or from where it was interrupted, to the best and the last weights."""

import logging
import shutil
import signal
import warnings
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning
import torch
from dvclive.lightning import DVCLiveLogger
from lightning.pytorch.callbacks import Callback, EarlyStopping
from lightning.pytorch.loggers import Logger, TensorBoardLogger
from torch import Tensor
from torch.utils.data import DataLoader

from cellarena.datasets.loading import Annotated, Crops, StepSampler
from cellarena.learning.checkpoints import build_network
from cellarena.learning.module import SCORE, Segmentation
from cellarena.learning.progress import Progress
from cellarena.learning.recipe import Budget, Inference, Training, checked_accelerator
from cellarena.learning.resume import KeepBest, KeepPlace, KeepState, copied_weights
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
        ValueError: if a subset is empty, loss or weights stop being finite, or the accelerator is absent.
        KeyboardInterrupt: if the training was interrupted; `state` holds what it is continued from.
    """
    if not train or not val:
        raise ValueError(f"training needs images to learn from and to validate on, got {len(train)} and {len(val)}")
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.manual_seed(digest(recipe.seed, "weights") % 2**63)
    network = build_network(recipe.model, recipe.hyperparameters, recipe.target)
    rate = recipe.hyperparameters.learning_rate * recipe.budget.rate
    module = Segmentation(network, recipe.target, rate, recipe.budget, recipe.training, recipe.inference, recipe.seed)
    best = KeepBest()
    checkpoint = state / "last.ckpt"
    sampler = StepSampler(recipe.budget.validate_every * recipe.budget.batch_size)
    callbacks = [best, KeepPlace(sampler), *_callbacks(recipe, checkpoint, log)]
    trainer = _trainer(recipe, callbacks, _loggers(recipe, state, log))
    whole: DataLoader[Annotated] = DataLoader(val, batch_size=None, collate_fn=_as_it_is)  # type: ignore[arg-type]
    shutil.rmtree(log, ignore_errors=True)
    _run(trainer, module, _crop_loader(recipe, train, sampler), whole, checkpoint)
    final = copied_weights(network)
    if not all(torch.isfinite(tensor).all() for tensor in (*best.weights.values(), *final.values())):
        raise ValueError(f"the weights are not finite after step {trainer.global_step}; lower the learning rate")
    return Fitted(best.weights, final, best.score, best.step, trainer.global_step)


def _run(trainer: lightning.Trainer, module: Segmentation, train: Any, val: Any, checkpoint: Path) -> None:
    """Train to the end, from the checkpoint if there is a whole one.

    Raises:
        KeyboardInterrupt: on Ctrl+C and SIGTERM, where Lightning would leave as if all were well.
    """
    start = str(checkpoint) if zipfile.is_zipfile(checkpoint) else None
    on_ctrl_c = signal.getsignal(signal.SIGINT)
    try:
        trainer.fit(module, train, val, ckpt_path=start, weights_only=True)
    except SystemExit as ended:
        # Lightning turned Ctrl+C off while it wound up.
        signal.signal(signal.SIGINT, on_ctrl_c)
        raise KeyboardInterrupt from ended


def _crop_loader(recipe: Recipe, train: Sequence[Annotated], sampler: StepSampler) -> DataLoader[tuple[Tensor, Tensor]]:
    crops = Crops(train, recipe.target, recipe.budget.crop, recipe.seed)
    workers = recipe.training.workers
    return DataLoader(
        crops,  # type: ignore[arg-type]
        batch_size=recipe.budget.batch_size,
        sampler=sampler,
        num_workers=workers,
        persistent_workers=workers > 0,
    )


def _as_it_is(annotated: Annotated) -> Annotated:
    return annotated


def _callbacks(recipe: Recipe, checkpoint: Path, log: Path) -> list[Callback]:
    return [
        EarlyStopping(SCORE, mode="max", patience=recipe.training.patience, check_on_train_epoch_end=False),
        KeepState(checkpoint, log),
        Progress(recipe.budget.steps),
    ]


def _loggers(recipe: Recipe, state: Path, log: Path) -> list[Logger]:
    live = DVCLiveLogger(dir=str(log), dvcyaml=None, save_dvc_exp=False, report=None)
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
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        log_every_n_steps=recipe.budget.validate_every,
    )
