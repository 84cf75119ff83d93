"""Photos and label images that are drawn independently of each other."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from torch import Tensor

from cellarena.seeds import generator
from cellarena.synthesis.generators.spec import Example
from cellarena.synthesis.networks.conditions import classes_of
from cellarena.synthesis.networks.crops import balanced, crop
from cellarena.synthesis.networks.styles import Styles
from cellarena.synthesis.networks.tensors import one_hot, signed


class Batch(NamedTuple):
    """Photos of a step and label images of the same modalities, each drawn for itself.

    Attributes:
        photos: (N, 3, H, W) in [-1, 1].
        codes: (N, n) of the photos: modality and style.
        modalities: (N, m), of photos and label images: the part of the codes that says which it is.
        grey: (N,) 1 where a photo's channels are equal.
        classes: (N, 3, H, W) one-hot, of label images.
    """

    photos: Tensor
    codes: Tensor
    modalities: Tensor
    grey: Tensor
    classes: Tensor


class UnpairedBatches:
    """The photos and the label images of examples, torn apart: their orders are those of their own contents.

    Styles are those of whole photos, since what lies inside and outside of objects only the label image tells.

    Args:
        examples: at least one.
    """

    def __init__(self, examples: Sequence[Example]) -> None:
        photos = sorted(examples, key=lambda example: (_digest(example.image), example.id))
        self.styles = Styles.of(
            [replace(example, labels=np.zeros(example.image.shape[:2], np.uint8)) for example in photos]
        )
        self._shares = balanced(self.styles.modalities)
        # `crop` looks for objects in the last channel; there are none, so that both sides are drawn from anywhere.
        self._photos = [_with_nothing(example.image) for example in photos]
        self._classes: dict[str, list[npt.NDArray[np.uint8]]] = {}
        for example in sorted(examples, key=lambda example: _digest(example.labels)):
            self._classes.setdefault(example.modality, []).append(_with_nothing(classes_of(example.labels)))

    def draw(self, n: int, side: int, seed: int, number: int) -> Batch:
        """Return the batch of a step, crops of `side` pixels; photos and label images have a random stream each."""
        rng, other = generator(seed, "photos", number), generator(seed, "label images", number)
        places = rng.choice(len(self._photos), n, p=self._shares)
        photos = np.stack([crop(self._photos[place], side, rng)[..., :3] for place in places])
        fields = [self._classes[self.styles.modalities[place]] for place in places]
        classes = np.stack([crop(field[int(other.integers(len(field)))], side, other)[..., 0] for field in fields])
        codes = self.styles.codes[places]
        return Batch(signed(photos), codes, codes[:, : len(self._classes)], self.styles.grey[places], one_hot(classes))


def _digest(pixels: npt.NDArray[Any]) -> str:
    return hashlib.sha256(str(pixels.shape).encode() + np.ascontiguousarray(pixels).tobytes()).hexdigest()


def _with_nothing(maps: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return np.dstack([maps, np.zeros(maps.shape[:2], np.uint8)])
