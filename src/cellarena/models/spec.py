"""What a model is: hyperparameters, a network built from them, and the target it learns."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pydantic import Field

from cellarena.catalog import Catalog, Entry
from cellarena.section import Section
from cellarena.targets.spec import TARGETS

if TYPE_CHECKING:
    from torch import nn


class Hyperparameters(Section):
    """What every model declares; a model adds its own. A model's block of the section `models` of params.yaml."""

    optimizer: Literal["adamw", "sgd"]
    """AdamW under a warm-up and a half cosine; or nnU-Net's stochastic gradient descent under a polynomial decay."""
    learning_rate: float = Field(gt=0, le=1)
    """Highest learning rate of the schedule."""
    weight_decay: float = Field(ge=0)
    augmentation: Literal["geometric", "strong", "nnunet"]
    """How training crops are varied."""
    normalisation: Literal["unit", "z_score", "z_score_nonzero"]
    """What the network sees: intensities in [0, 1], or each image's channels with mean 0 and standard deviation 1, of
    all pixels or of those that are not black."""
    foreground: float = Field(ge=0, le=1)
    """Share of the training crops that are centred on an object; the others lie anywhere."""

    def frame(self, side: int) -> tuple[int, int]:
        """Return height and width of this model's crops and tiles, where those of the benchmark have this side."""
        return side, side

    def batch_size(self, n_crops: int) -> int:
        """Return how many crops this model learns from in a step, where those of the benchmark are so many."""
        return n_crops


class Cite(NamedTuple):
    """A publication: in words, and its doi."""

    text: str
    doi: str


@dataclass(frozen=True)
class ModelSpec:
    """A model of the catalog.

    Attributes:
        hyperparameters: the pydantic class of its block in params.yaml.
        build: from an instance of that class and the number of output channels to a network that maps
            (B, 3, H, W) float32, normalised as the hyperparameters say, to (B, channels, H, W), for H and W that are
            multiples of `multiple`. In training it may put out a tuple, the finest resolution first.
        target: name of the target it learns.
        multiple: what height and width of its input must be a multiple of.
        cite: what to cite for the network.
        describe: says in a few words which variant the hyperparameters make it, for the tables.
        start: fills a fresh network with weights that were trained elsewhere; called once, before a training's first
            step, and never where a checkpoint of the whole network is loaded.
        phase: chooses which weights learn, called before each step with the share of the steps that are done; returns
            whether the network is by then the one that the hyperparameters ask for, so that its weights may be kept.
        planned: its hyperparameters are completed by the plan of the stage `plan`: their method `planned` takes it.
    """

    hyperparameters: type[Hyperparameters]
    build: Callable[[Any, int], "nn.Module"]
    target: str
    multiple: int
    cite: Cite
    describe: Callable[[Any], str]
    start: Callable[[Any, "nn.Module"], None] | None = None
    phase: Callable[[Any, "nn.Module", float], bool] | None = None
    planned: bool = False

    @property
    def needs(self) -> list[Entry]:
        """What it takes of other catalogs."""
        return [TARGETS.entry(self.target)]


MODELS: Catalog[ModelSpec] = Catalog("model", "cellarena.models")
