"""What a generator is: settings, a fit to training images, and a painter that puts texture on label images."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from cellarena.catalog import Catalog
from cellarena.images.io import LabelImage
from cellarena.section import Section
from cellarena.tables import integers, numbers, schema

if TYPE_CHECKING:
    from torch import Tensor

LOSSES = schema(
    "losses of a generator", "What a generator logged while it was fitted; no row where nothing is learnt",
    integers("step", "that was done", "optimizer steps"),
    numbers("*?", "the loss of this name: synthesis.md"),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Example:
    """An annotated training image as a generator sees it.

    Attributes:
        id: of its record.
        image: (H, W, 3) uint8, preprocessed.
        labels: (H, W) label image.
        modality: of its record.
    """

    id: str
    image: npt.NDArray[np.uint8]
    labels: LabelImage
    modality: str


@dataclass(frozen=True, eq=False)
class Painting:
    """A synthetic image.

    Attributes:
        image: (H, W, 3) uint8.
        donors: sorted ids of the training images whose pixels or style it shows.
    """

    image: npt.NDArray[np.uint8]
    donors: tuple[str, ...]


class Painter(Protocol):
    """A fitted generator."""

    def paint(self, labels: LabelImage, modality: str, rng: np.random.Generator) -> Painting:
        """Return an image in which the objects of a (H, W) label image are seen as the modality shows them.

        Raises:
            ValueError: if the generator never saw the modality.
        """


class GeneratorSettings(Section):
    """What every generator declares; one adds its own. Its block of the section `generators` of params.yaml."""


@dataclass(frozen=True)
class Fit:
    """How a generator is fitted, beside its settings.

    Attributes:
        steps: optimizer steps, for generators that learn.
        seed: of all randomness.
        device: torch's name of the device.
        state: folder that an interrupted fit is continued from; it exists.
        watch: called now and then with the step and a painter, for sample sheets and progress.
    """

    steps: int
    seed: int
    device: str
    state: Path
    watch: Callable[[int, Painter], None]


@dataclass(frozen=True)
class Fitted:
    """A fitted generator as it is stored: model.safetensors and a part of model.json.

    Attributes:
        weights: tensors by name.
        facts: what else the painter needs, as JSON types.
        losses: rows of LOSSES; empty where nothing is learnt.
    """

    weights: "dict[str, Tensor]"
    facts: dict[str, Any]
    losses: list[dict[str, float]]


GENERATORS: Catalog[type[GeneratorSettings]] = Catalog("generator", "cellarena.synthesis.generators.{}.settings")
"""The settings of each."""
LEARNERS: Catalog[Callable[[Any, Sequence[Example], Fit], Fitted]] = Catalog(
    "generator", "cellarena.synthesis.generators.{}.learner"
)
"""Of settings, training images in their order and how they are learnt from, the fitted generator."""
PAINTERS: "Catalog[Callable[[Any, Mapping[str, Tensor], Mapping[str, Any], str], Painter]]" = Catalog(
    "generator", "cellarena.synthesis.generators.{}.painter"
)
"""Of settings, weights and facts as they were fitted, and a device of torch, the painter."""
