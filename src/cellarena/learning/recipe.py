"""How long, how fast and on what a network is trained: the sections `budgets` and `training` of params.yaml."""

from dataclasses import dataclass
from typing import Literal, Self

from pydantic import Field, model_validator

from cellarena.hardware import multiplies_bfloat16
from cellarena.models.spec import Hyperparameters
from cellarena.section import Section
from cellarena.targets.spec import Target


class Budget(Section):
    """The size of a training: equal for all runs that are compared."""

    steps: int = Field(ge=1)
    """Optimizer steps."""
    crop: int = Field(ge=32, multiple_of=32)
    """Side of a training crop in pixels: the network's input size."""
    batch_size: int = Field(ge=1)
    validate_every: int = Field(ge=1)
    """Steps between validations; an interrupted training goes on from the last one."""
    rate: float = Field(default=1.0, gt=0, le=10)
    """What every model's learning rate is multiplied by: a short training needs larger steps."""

    @model_validator(mode="after")
    def _whole_intervals(self) -> Self:
        if self.steps % self.validate_every:
            raise ValueError(f"steps ({self.steps}) must be a multiple of validate_every ({self.validate_every})")
        return self


class Training(Section):
    """What is the same in every budget."""

    warmup: float = Field(ge=0, lt=1)
    """Share of the steps in which the learning rate of AdamW rises; it then falls along a half cosine."""
    patience: int = Field(ge=1)
    """Validations without a better score after which training stops."""
    precision: Literal["auto", "32-true", "bf16-mixed", "16-mixed"]
    """`auto` is bf16-mixed where the processor multiplies bfloat16 in hardware (CUDA from Ampere on, CPUs with AMX),
    else 32-true."""
    accelerator: Literal["auto", "cpu", "cuda", "mps"]
    """`auto` takes what the machine has; a device asked for by name must be there."""
    devices: int = Field(ge=1)
    """Processes that learn together on a machine, each on a device of its own or, on a CPU, on a part of its cores."""
    nodes: int = Field(ge=1)
    """Machines that learn together; with more than one a launcher such as torchrun starts the processes."""
    threads: int = Field(ge=1, le=1024)
    """Of each process's arithmetic on a CPU; the last digits of the result depend on it. With one, weights are the
    same whatever the number of cores. More are no gain where cores are shared: the threads of oneDNN's gradients of
    convolutions wait for one another without sleeping, which made steps three to five times as long on two shared
    cores with AMX (`benchmarks/threads.py`)."""
    workers: int = Field(ge=0, le=64)
    """Processes that prepare crops beside each of these; the result does not depend on how many there are."""
    tensorboard: bool
    """Also write TensorBoard event files, into .resume/."""


class Inference(Section):
    """The section `predict`: tiled inference."""

    tile: int = Field(ge=32, multiple_of=32)
    """Side of a tile in pixels."""
    overlap: float = Field(ge=0, lt=1)
    """Share of a tile's side that neighbours have in common."""
    batch_size: int = Field(ge=1)
    """Tiles that go through the network together."""
    precision: Literal["auto", "32-true", "bf16-mixed"]
    """As in `Training`, for the device that predicts."""
    mirror: bool
    """Average the predictions for the image and its mirror images along both axes: four views, for every network.
    Validation and tuning see one view, so that nothing is trained again when this changes."""

    @property
    def of_one_view(self) -> Self:
        """The same without mirroring."""
        return self.model_copy(update={"mirror": False})


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

    @property
    def batch_size(self) -> int:
        """Crops in a step."""
        return self.hyperparameters.batch_size(self.budget.batch_size)

    @property
    def n_processes(self) -> int:
        """Processes that share a step."""
        return self.training.devices * self.training.nodes


def checked_accelerator(name: str) -> str:
    """Return the accelerator for Lightning.

    Raises:
        ValueError: if a device is asked for by name and this machine lacks it.
    """
    import torch

    present = {"auto": True, "cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not present[name]:
        raise ValueError(f"training.accelerator: {name} is not available on this machine; use auto or cpu")
    return name


def precision_of(precision: str, accelerator: str) -> str:
    """Return the precision that `auto` stands for on this machine; any other is returned as it is."""
    if precision != "auto":
        return precision
    return "bf16-mixed" if multiplies_bfloat16(device_of(accelerator)) else "32-true"


def device_of(accelerator: str) -> str:
    """Return torch's device for an accelerator's name; `auto` is CUDA, then MPS, then CPU."""
    import torch

    if checked_accelerator(accelerator) != "auto":
        return accelerator
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
