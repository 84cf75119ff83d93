"""What a model is: hyperparameters, a network built from them, and the target it learns."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from cellarena.catalog import Catalog

if TYPE_CHECKING:
    from torch import nn


class Hyperparameters(BaseModel):
    """What every model declares; a model adds its own. A model's block of the section `models` of params.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    learning_rate: float = Field(gt=0, le=1)
    """Highest learning rate of the schedule."""


@dataclass(frozen=True)
class ModelSpec:
    """A model of the catalog.

    Attributes:
        hyperparameters: the pydantic class of its block in params.yaml.
        build: from an instance of that class and the number of output channels to a network that maps
            (B, 3, H, W) float32 in [0, 1] to (B, channels, H, W), for H and W that are multiples of `multiple`.
        target: name of the target it learns.
        multiple: what height and width of its input must be a multiple of.
    """

    hyperparameters: type[Hyperparameters]
    build: Callable[[Any, int], "nn.Module"]
    target: str
    multiple: int


MODELS: Catalog[ModelSpec] = Catalog("model", "cellarena.models")
