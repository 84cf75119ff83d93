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
from lightning.pytorch.callbacks import Callback, Timer
from lightning.pytorch.loggers import Logger, TensorBoardLogger
from torch import Tensor
from torch.utils.data import DataLoader

from cellarena.datasets.cropping.crops import Annotated, Cropping, Crops, StepSampler
from cellarena.faults import SecurityError
from cellarena.hardware import threads
from cellarena.learning.checkpoints import build_network
from cellarena.learning.module import Segmentation
from cellarena.learning.optimizers import clip
from cellarena.learning.processes import WholeBatchStatistics, check_processes, reveal_all_that_learns, strategy
from cellarena.learning.progress import Progress
from cellarena.learning.recipe import Recipe, checked_accelerator, precision_of
from cellarena.learning.resume import KeepBest, KeepHandler, KeepPlace, KeepState, StopEarly, copied_weights
from cellarena.models.spec import MODELS
from cellarena.seeds import digest

# Lightning's notices on devices and products say nothing about this training.
logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
warnings.filterwarnings("ignore", message=".*LeafSpec.*")


@dataclass(frozen=True)
class Fitted:
    """What a training ends in: the weights of its best validation and of its last step."""

    best: dict[str, Tensor]
    last: dict[str, Tensor]
    score: float
    step: int
    n_steps: int
    seconds: float
    """Of the whole training, validations and the time before an interruption included."""


def fit(recipe: Recipe, train: Sequence[Annotated], val: Sequence[Annotated], state: Path, log: Path) -> Fitted | None:
    """Train a network; continue if `state` holds the checkpoint of an interrupted training.

    Where several processes learn together each of them calls this, alike, and only the first writes files.

    Args:
        recipe: what to train and how.
        train: annotated images that crops are taken from, at least one.
        val: annotated images that the score is computed on, at least one.
        state: folder of this very training (see `resume.fingerprint`).
        log: folder that DVCLive writes metrics.json and plots/ to.

    Returns:
        Best and last weights; None in all processes but the first.

    Raises:
        ValueError: if a subset is empty, loss or weights stop being finite, the accelerator is absent, or the work
            cannot be shared by the processes asked for.
        SecurityError: if the checkpoint in `state` asks for code.
        KeyboardInterrupt: if the training was interrupted; `state` holds what it is continued from.
    """
    if not train or not val:
        raise ValueError(f"training needs images to learn from and to validate on, got {len(train)} and {len(val)}")
    check_processes(recipe, len(val))
    torch.use_deterministic_algorithms(True, warn_only=True)
    checkpoint = state / "last.ckpt"
    resumed = zipfile.is_zipfile(checkpoint)
    network = _network(recipe)
    if not resumed:
        _start(recipe, network)
    best, clock = KeepBest(), Timer()
    trainer = _trainer(recipe, [best, clock, *_callbacks(recipe, checkpoint, log)], _loggers(recipe, state, log))
    sampler = StepSampler(recipe.budget.validate_every * recipe.batch_size, trainer.global_rank, trainer.world_size)
    trainer.callbacks += [KeepPlace(sampler)]  # type: ignore[attr-defined]
    if trainer.is_global_zero:
        trainer.callbacks += [Progress(recipe.budget.steps)]  # type: ignore[attr-defined]
        shutil.rmtree(log, ignore_errors=True)
    loaders = _crop_loader(recipe, train, sampler), _image_loader(val, trainer)
    with threads(recipe.training.threads):
        _run(trainer, Segmentation(network, recipe), loaders, checkpoint if resumed else None)
    if not trainer.is_global_zero:
        return None
    final = copied_weights(network)
    if not all(torch.isfinite(tensor).all() for tensor in (*best.weights.values(), *final.values())):
        raise ValueError(f"the weights are not finite after step {trainer.global_step}; lower the learning rate")
    return Fitted(best.weights, final, best.score, best.step, trainer.global_step, clock.time_elapsed("train"))


def _network(recipe: Recipe) -> torch.nn.Module:
    """Return the network with the weights that the seed draws."""
    torch.manual_seed(digest(recipe.seed, "weights") % 2**63)
    network = build_network(recipe.model, recipe.hyperparameters, recipe.target)
    if recipe.n_processes > 1:
        reveal_all_that_learns(recipe, network)
    # Convolutions of many channels are faster on this layout, and none is slower by much.
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _start(recipe: Recipe, network: torch.nn.Module) -> None:
    """Fill the network with weights that were trained elsewhere, if its model begins with such."""
    if start := MODELS[recipe.model].start:
        start(recipe.hyperparameters, network)


def _run(trainer: lightning.Trainer, module: Segmentation, loaders: tuple[Any, Any], checkpoint: Path | None) -> None:
    """Train to the end, from the checkpoint if there is one.

    Raises:
        KeyboardInterrupt: on Ctrl+C, where Lightning would leave as if all were well.
        SecurityError: if the checkpoint holds more than tensors and plain values.
    """
    on_ctrl_c, on_end = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    trainer.callbacks += [KeepHandler(on_end)]  # type: ignore[attr-defined]
    try:
        trainer.fit(module, *loaders, ckpt_path=checkpoint, weights_only=True)
    except SystemExit as ended:
        # Lightning turned Ctrl+C off while it wound up.
        signal.signal(signal.SIGINT, on_ctrl_c)
        raise KeyboardInterrupt from ended
    except Exception as error:
        # The name alone, as no module here imports pickle. What torch says of it advises to load the file unsafely.
        if checkpoint is None or type(error).__name__ != "UnpicklingError":
            raise
        raise SecurityError(
            f"{checkpoint}: it is damaged or asks for more than tensors and plain values, which no interrupted "
            "training keeps; remove it, and the training starts anew"
        ) from error


def _crop_loader(recipe: Recipe, train: Sequence[Annotated], sampler: StepSampler) -> DataLoader[tuple[Tensor, Tensor]]:
    own = recipe.hyperparameters
    size = own.frame(recipe.budget.crop)
    crops = Crops(
        train, recipe.target, Cropping(size, own.augmentation, own.normalisation, own.foreground), recipe.seed
    )
    workers = recipe.training.workers
    return DataLoader(
        crops,  # type: ignore[arg-type]
        batch_size=recipe.batch_size // recipe.n_processes,
        sampler=sampler,
        num_workers=workers,
        persistent_workers=workers > 0,
    )


def _image_loader(val: Sequence[Annotated], trainer: lightning.Trainer) -> DataLoader[Annotated]:
    """Return what yields this process's share of the images, whole."""
    share = range(trainer.global_rank, len(val), trainer.world_size)
    return DataLoader(val, batch_size=None, sampler=share, collate_fn=_as_it_is)  # type: ignore[arg-type]


def _as_it_is(annotated: Annotated) -> Annotated:
    return annotated


def _callbacks(recipe: Recipe, checkpoint: Path, log: Path) -> list[Callback]:
    return [
        StopEarly(recipe.training.patience),
        KeepState(checkpoint, log),
    ]


def _loggers(recipe: Recipe, state: Path, log: Path) -> list[Logger]:
    live = DVCLiveLogger(dir=str(log), dvcyaml=None, save_dvc_exp=False, report=None)
    board = [TensorBoardLogger(state.parent, name="tensorboard")] if recipe.training.tensorboard else []
    return [live, *board]


def _trainer(recipe: Recipe, callbacks: list[Callback], loggers: list[Logger]) -> lightning.Trainer:
    return lightning.Trainer(
        accelerator=checked_accelerator(recipe.training.accelerator),
        devices=recipe.training.devices,
        num_nodes=recipe.training.nodes,
        strategy=strategy(recipe),
        plugins=WholeBatchStatistics() if recipe.n_processes > 1 else None,
        use_distributed_sampler=False,
        precision=precision_of(recipe.training.precision, recipe.training.accelerator),  # type: ignore[arg-type]
        max_steps=recipe.budget.steps,
        logger=loggers,
        callbacks=callbacks,
        num_sanity_val_steps=0,
        gradient_clip_val=clip(recipe.hyperparameters),
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        log_every_n_steps=recipe.budget.validate_every,
    )
