"""The checkpoint of a method without training: a card alone, with the method's settings."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from cellarena.cards import reading
from cellarena.methods.spec import METHODS
from cellarena.section import Section


@dataclass(frozen=True)
class Method:
    """What the checkpoint of a method without training stands for; it segments images itself."""

    settings: Section
    card: dict[str, Any]

    @property
    def variant(self) -> str:
        """Which method it is, in a few words."""
        return METHODS[self.card["model"]].variant

    @property
    def normalisations(self) -> list[Any]:
        """How the images were stretched that it was judged on."""
        return [self.card.get("normalisation")]

    def segmenter(self, settings: object) -> Self:  # noqa: ARG002
        """Return the method, which shows an image to no network and so asks nothing of the settings of prediction."""
        return self

    def labels(self, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint32]:
        """Return the (H, W) label image of an (H, W, 3) uint8 image."""
        return METHODS[self.card["model"]].segment(image, self.settings)

    def costs(self) -> None:
        """Return None: there is no network to measure."""


def load_method(folder: Path) -> Method:
    """Return the method of a checkpoint folder.

    Raises:
        FileNotFoundError: if it has no model.json.
        ValueError: if that is damaged or of another format.
    """
    with reading(folder / "model.json") as card:
        return Method(METHODS[card["model"]].settings.model_validate(card["settings"]), card)
