"""Painting with a bank of real images, and how the bank is stored."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from cellarena.images.io import LabelImage
from cellarena.section import Section
from cellarena.synthesis.generators.spec import PAINTERS, Example, Painting
from cellarena.synthesis.generators.texture.bank import Source
from cellarena.synthesis.generators.texture.composition import Composing, compose_image
from cellarena.synthesis.generators.texture.settings import TextureSettings

if TYPE_CHECKING:
    from torch import Tensor


class TexturePainter:
    """Paints label images with what a bank of real images holds.

    Args:
        bank: at least one example.
        settings: how cells are chosen and put down.
        seed: of what fills the places of the cells in the backgrounds.
    """

    def __init__(self, bank: Sequence[Example], settings: TextureSettings, seed: int) -> None:
        self._composing = Composing(settings.alternatives, settings.neighbours, settings.blur)
        self._sources: dict[str, list[Source]] = {}
        for example in bank:
            source = Source(example, settings.margin, seed)
            self._sources.setdefault(example.modality, []).append(source)

    def paint(self, labels: LabelImage, modality: str, rng: np.random.Generator) -> Painting:
        """Return a label image painted with cells and a background of real images of one modality.

        Raises:
            ValueError: if the bank has no image of the modality, or none with cells where the label image has some.
        """
        sources = self._sources.get(modality, [])
        if not sources:
            known = ", ".join(sorted(self._sources))
            raise ValueError(f"the generator texture knows no image of the modality {modality!r}; it knows {known}")
        if labels.any() and not any(source.shapes for source in sources):
            raise ValueError(f"the generator texture knows no cell of the modality {modality!r}; annotate some")
        return compose_image(sources, labels, self._composing, rng)


class Entry(Section, strict=True):
    """What the facts say of an image of the bank."""

    id: str
    modality: str


class Facts(Section, strict=True):
    """The facts: the bank in the order of its tensors, and the seed of what fills the backgrounds."""

    bank: list[Entry] = Field(min_length=1)
    seed: int = Field(ge=0)


@PAINTERS.register("texture")
def load(
    settings: TextureSettings,
    weights: "Mapping[str, Tensor]",
    facts: Mapping[str, Any],
    device: str,  # noqa: ARG001  # nothing is computed on one
) -> TexturePainter:
    """Return the painter of a stored bank.

    Raises:
        ValueError: if facts and tensors are not those of a bank.
    """
    stored = Facts.model_validate(facts)
    if len(weights) != 2 * len(stored.bank):
        raise ValueError(f"{len(weights)} tensors, expected an image and labels of each of {len(stored.bank)} images")
    bank = [_stored(entry, weights, number) for number, entry in enumerate(stored.bank)]
    return TexturePainter(bank, settings, stored.seed)


def _stored(entry: Entry, weights: "Mapping[str, Tensor]", number: int) -> Example:
    image, labels = (weights[tensor_name(kind, number)].numpy() for kind in ("image", "labels"))
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        raise ValueError(f"the image of {entry.id} is {image.dtype} of shape {image.shape}, expected uint8 (H, W, 3)")
    if (
        labels.dtype != np.int32
        or labels.shape != image.shape[:2]
        or not 0 <= labels.min() <= labels.max() <= labels.size
    ):
        raise ValueError(f"the labels of {entry.id} are no label image (int32, numbered from 1) of its image's shape")
    return Example(entry.id, image, labels, entry.modality)


def tensor_name(kind: str, number: int) -> str:
    """Return what the image or the labels of an example of the bank are called among the weights."""
    return f"{kind}.{number:05d}"
