"""Fitting a generator step by step; an interrupted fit ends as an uninterrupted one does, byte for byte on a CPU."""

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.optim import Optimizer

from cellarena.files import write_bytes
from cellarena.seeds import digest
from cellarena.synthesis.generators.spec import Fit, Painter

_LOGGED = 100
"""Rows of losses that a fit leaves, at least; shorter ones have a row for each step."""
_ROWS_KEPT = 5
"""Rows of losses from one state on disk to the next."""


@dataclass(frozen=True)
class Trainables:
    """All that a fit changes: networks, and the optimizers that change them, by names without a dot."""

    networks: Mapping[str, nn.Module]
    optimizers: Mapping[str, Optimizer]

    def tensors(self) -> dict[str, Tensor]:
        """Return every tensor that the fit goes on from, on the CPU."""
        found = {
            f"{name}.{key}": tensor
            for name, network in self.networks.items()
            for key, tensor in network.state_dict().items()
        }
        for name, optimizer in self.optimizers.items():
            for index, state in optimizer.state_dict()["state"].items():
                found |= {f"{name}.{index}.{key}": tensor for key, tensor in state.items()}
        return {name: tensor.detach().cpu().contiguous() for name, tensor in found.items()}

    def take_up(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from what `tensors` returned.

        Raises:
            KeyError: if a tensor is missing.
        """
        for name, network in self.networks.items():
            network.load_state_dict({key: tensors[f"{name}.{key}"] for key in network.state_dict()})
        for name, optimizer in self.optimizers.items():
            states: dict[int, dict[str, Tensor]] = {}
            for key in (key for key in tensors if key.startswith(f"{name}.")):
                _, index, part = key.split(".")
                states.setdefault(int(index), {})[part] = tensors[key]
            optimizer.load_state_dict({**optimizer.state_dict(), "state": states})


class Learner(Protocol):
    """A generator that learns."""

    @property
    def trainables(self) -> Trainables:
        """All that a step changes."""

    def step(self, number: int) -> dict[str, Tensor]:
        """Take one optimizer step, the first is number 1; return the losses, scalars, by their names.

        What it draws comes from torch's random state, or from streams of the number; the same names every time.
        """

    def painter(self) -> Painter:
        """Return what the generator is now; good until the next step."""


def learn(learner: Learner, fit: Fit) -> list[dict[str, float]]:
    """Take all steps of a fit, or those that an interrupted one left; return the losses, averaged for each row.

    Raises:
        ValueError: if a loss is no longer finite, or the interrupted fit's state is damaged.
    """
    path = fit.state / "state.safetensors"
    done, losses = _taken_up(learner.trainables, path)
    every = max(1, fit.steps // _LOGGED)
    recent: list[dict[str, Tensor]] = []
    for number in range(done + 1, fit.steps + 1):
        with random_state(fit.seed, "step", number):
            recent.append(learner.step(number))
        if number % every and number < fit.steps:
            continue
        losses.append(_row(number, recent))
        recent = []
        fit.watch(number, learner.painter())
        if number % (_ROWS_KEPT * every) == 0:
            _keep(learner.trainables, number, losses, path)
    return losses


@contextmanager
def random_state(*purpose: str | int) -> Iterator[None]:
    """Run a block with torch's random state set by its purpose; afterwards it is what it was."""
    with torch.random.fork_rng():
        torch.manual_seed(digest(*purpose) % 2**63)
        yield


def falling(number: int, steps: int) -> float:
    """Return the share of the learning rate at a step: 1 for half of the steps, then it falls in a straight line."""
    return min(1.0, 2 * (1 - (number - 1) / steps))


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, decay: float, number: int) -> None:
    """Move an average of a network's weights, after step `number`, towards what they are now.

    Early weights are soon forgotten whatever the decay, so that a short fit is no average with the first, random ones.
    """
    share = 1 - min(decay, number / (number + 9))
    for mean, weight in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        mean.lerp_(weight, share)


def descend(optimizer: Optimizer, loss: Tensor) -> None:
    """Take an optimizer's step along the gradient of a loss."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()


def _row(number: int, recent: list[dict[str, Tensor]]) -> dict[str, float]:
    means = {name: float(torch.stack([row[name].detach().float() for row in recent]).mean()) for name in recent[0]}
    for name, value in means.items():
        if not math.isfinite(value):
            raise ValueError(f"the fit diverged before step {number}: its loss {name} is {value}; lower learning_rate")
    return {"step": number, **means}


def _keep(trainables: Trainables, number: int, losses: list[dict[str, float]], path: Path) -> None:
    write_bytes(save(trainables.tensors(), {"step": str(number), "losses": json.dumps(losses)}), path)


def _taken_up(trainables: Trainables, path: Path) -> tuple[int, list[dict[str, float]]]:
    """Return the last step of an interrupted fit and its losses, and take up its tensors; 0 and none without one."""
    if not path.is_file():
        return 0, []
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata()
            trainables.take_up({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
        return int(metadata["step"]), json.loads(metadata["losses"])
    except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"{path}: damaged; remove it and run the stage again") from error
