"""A training shared by several processes, on one machine or on many: what one alone does, they do together.

Each takes its part of every batch. The loss, and the statistics of batch normalisation, are those of the whole batch:
the mean of the losses of parts is another one, for a Dice coefficient is no mean over crops.
"""

import os
from collections.abc import Sequence
from typing import Any

import torch
from lightning.pytorch.plugins.layer_sync import LayerSync
from lightning.pytorch.strategies import DDPStrategy
from torch import Tensor, distributed, nn

from cellarena.learning.recipe import Recipe, device_of
from cellarena.models.spec import MODELS

_PHASES = 100


def check_processes(recipe: Recipe, n_val: int) -> None:
    """Refuse what several processes cannot share, before any of them waits for another.

    Args:
        recipe: says on how many nodes and devices.
        n_val: number of images to validate on.

    Raises:
        ValueError: if a batch or the images to validate on do not go round, this machine has fewer devices, or the
            launcher started another number of processes.
    """
    n, training = recipe.n_processes, recipe.training
    asked = f"training.devices {training.devices} x training.nodes {training.nodes}"
    if recipe.batch_size % n:
        raise ValueError(f"{asked} = {n} processes cannot share a batch of {recipe.batch_size} crops evenly")
    if n_val < n:
        raise ValueError(f"{asked} = {n} processes need as many images to validate on, there are {n_val}")
    started = int(os.environ["WORLD_SIZE"]) if distributed.is_torchelastic_launched() else n
    if started != n:
        raise ValueError(f"torchrun started {started} processes, but {asked} = {n}; make them agree")
    device = device_of(training.accelerator)
    if device == "mps" and n > 1:
        raise ValueError(f"{asked}: MPS is one device that learns alone; set both to 1, or training.accelerator to cpu")
    if device == "cuda" and training.devices > torch.cuda.device_count():
        raise ValueError(f"{asked}: this machine has {torch.cuda.device_count()} CUDA devices")


def strategy(recipe: Recipe) -> DDPStrategy | str:
    """Return how Lightning runs the processes: it starts those of this machine itself where no launcher did."""
    if recipe.n_processes == 1:
        return "auto"
    return DDPStrategy(find_unused_parameters=MODELS[recipe.model].phase is not None)


def reveal_all_that_learns(recipe: Recipe, network: nn.Module) -> None:
    """Let every weight require a gradient that will in some phase: DDP shares the gradients of no others.

    The phase of the first step freezes again what waits for a later one.
    """
    phase = MODELS[recipe.model].phase
    if phase is None:
        return
    learning = []
    for i in range(_PHASES):
        phase(recipe.hyperparameters, network, i / _PHASES)
        learning += [weight for weight in network.parameters() if weight.requires_grad]
    for weight in learning:
        weight.requires_grad_(True)


def are_several() -> bool:
    """Return whether this process learns together with others."""
    return distributed.is_initialized() and distributed.get_world_size() > 1


def whole_batch(part: Tensor) -> Tensor:
    """Return the parts of all processes one after the other, along the first axis.

    A gradient that flows back is the sum of what all processes ask for. All compute the same loss, so it is as many
    times too large as there are processes; DDP divides by their number when it averages the weights' gradients.

    Args:
        part: (B, ...) of the same shape in every process.
    """
    if not are_several():
        return part
    parts = [torch.zeros_like(part) for _ in range(distributed.get_world_size())]
    parts[distributed.get_rank()] = part
    return _summed(torch.cat(parts))


def whole_mean(parts: Sequence[float], device: torch.device) -> Tensor:
    """Return the mean of the values of all processes, however many each has.

    Args:
        parts: of this process.
        device: that this process learns on.
    """
    own = torch.tensor([sum(parts), len(parts)], dtype=torch.float32, device=device)
    total, n = _summed(own) if are_several() else own
    return total / n


def _summed(part: Tensor) -> Tensor:
    """Return the sum over all processes; a gradient that flows back is summed too."""
    total: Tensor = _Sum.apply(part)
    return total


class _Sum(torch.autograd.Function):
    """What torch.distributed.nn.functional.all_reduce is, which torch deprecates for a private one."""

    @staticmethod
    def forward(ctx: Any, part: Tensor) -> Tensor:  # noqa: ARG004
        total = part.clone(memory_format=torch.contiguous_format)
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:  # noqa: ARG004
        return _Sum.forward(None, gradient)


class WholeBatchNorm2d(nn.BatchNorm2d):
    """Batch normalisation by mean and variance of the whole batch; torch's own does so on GPUs only."""

    def forward(self, features: Tensor) -> Tensor:
        """Return normalised (B, C, H, W) features, and follow their statistics, in training."""
        if not (self.training and are_several()):
            return super().forward(features)
        wide, axes = features.float(), (0, 2, 3)
        n = wide.numel() // wide.shape[1] * distributed.get_world_size()
        mean = _summed(wide.sum(axes)) / n
        centred = wide - mean[:, None, None]
        variance = _summed(centred.square().sum(axes)) / n
        self._follow(mean.detach(), variance.detach() * n / max(1, n - 1))
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return (centred * scale[:, None, None] + self.bias[:, None, None]).to(features.dtype)

    @torch.no_grad()
    def _follow(self, mean: Tensor, variance: Tensor) -> None:
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        self.num_batches_tracked += 1
        self.running_mean.lerp_(mean, self.momentum or 0)
        self.running_var.lerp_(variance, self.momentum or 0)


class WholeBatchStatistics(LayerSync):
    """Lets Lightning turn a network's batch normalisation into that of the whole batch, and back after training."""

    def apply(self, model: nn.Module) -> nn.Module:
        """Return the network with its layers turned; weights and their names stay."""
        return _turned(model, nn.BatchNorm2d, WholeBatchNorm2d)

    def revert(self, model: nn.Module) -> nn.Module:
        """Return the network with its layers turned back."""
        return _turned(model, WholeBatchNorm2d, nn.BatchNorm2d)


def _turned(model: nn.Module, before: type[nn.Module], after: type[nn.Module]) -> nn.Module:
    for module in model.modules():
        if type(module) is before:
            module.__class__ = after
    return model
