"""What colours images have: those of the classes, and how bright one object is beside another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from cellarena.images.io import LabelImage
from cellarena.images.labels import consecutive
from cellarena.synthesis.generators.spec import Example
from cellarena.synthesis.networks.conditions import N_CLASSES, classes_of, grey_of, mean_and_spread

_SCALE = 127
_NARROWEST = 0.02


class ImageColours(NamedTuple):
    """The colours of one image; intensities run from -1 to 1.

    Attributes:
        means: (3, 3) float32, of each class in each channel.
        spreads: (3, 3) float32, standard deviations of what colours and levels leave over, at least 0.02.
        levels: (n,) float32, how much brighter each object is than its classes are on average; (0,) without objects.
    """

    means: npt.NDArray[np.float32]
    spreads: npt.NDArray[np.float32]
    levels: npt.NDArray[np.float32]


def colours_of(image: npt.NDArray[np.uint8], labels: LabelImage) -> ImageColours:
    """Return the colours of an image; a class that it lacks has those of the whole image.

    Args:
        image: (H, W, 3) uint8.
        labels: (H, W) label image.
    """
    scaled, classes, numbers = image.astype(np.float32) / 127.5 - 1, classes_of(labels), consecutive(labels)
    means, _ = mean_and_spread(scaled, classes, N_CLASSES)
    rest = scaled - means[classes]
    # The background is the first, and has no level.
    levels = np.bincount(numbers.ravel(), grey_of(rest).ravel()) / np.maximum(np.bincount(numbers.ravel()), 1)
    levels[0] = 0
    _, spreads = mean_and_spread(rest - levels[numbers][..., None].astype(np.float32), classes, N_CLASSES)
    known = np.clip(levels[1:], -1, 1) if levels.size > 1 else np.zeros(1)
    return ImageColours(means, np.maximum(spreads, _NARROWEST), known.astype(np.float32))


def level_map(labels: LabelImage, levels: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Return the level of the object at each pixel as a byte: 128 is none, as outside the objects.

    Args:
        labels: (H, W) label image of n objects.
        levels: (n,) in [-1, 1], in the order of the labels.

    Returns:
        (H, W) uint8; `level_of` reads it.
    """
    steps = np.rint(np.concatenate([[0], levels]) * _SCALE) + _SCALE + 1
    return np.asarray(steps.astype(np.uint8)[consecutive(labels)])


def level_of(levels: npt.NDArray[np.uint8]) -> Tensor:
    """Return levels (N, H, W) of `level_map` as (N, 1, H, W) float32 in [-1, 1]."""
    return (torch.from_numpy(levels).float()[:, None] - _SCALE - 1) / _SCALE


@dataclass(frozen=True, eq=False)
class ClassColours:
    """The colours of the training images, in their order.

    Attributes:
        means: (n, 3, 3) float32: image, class, channel.
        spreads: (n, 3, 3) float32.
        levels: (m,) float32, of the objects of all images.
        counts: (n,) int64, how many of the levels are each image's.
    """

    means: Tensor
    spreads: Tensor
    levels: Tensor
    counts: Tensor

    @classmethod
    def of(cls, examples: Sequence[Example]) -> Self:
        """Return the colours of training images."""
        found = [colours_of(example.image, example.labels) for example in examples]
        means, spreads = (torch.from_numpy(np.array([colours[k] for colours in found], order="C")) for k in (0, 1))
        levels = torch.from_numpy(np.concatenate([colours.levels for colours in found]))
        return cls(means, spreads, levels, torch.tensor([colours.levels.size for colours in found]))

    @classmethod
    def restored(cls, weights: Mapping[str, Tensor], n: int) -> Self:
        """Return the colours of `n` images from what `weights` returned.

        Raises:
            ValueError: if they are those of another number of images.
        """
        found = cls(*(weights[f"tones.{name}"] for name in ("means", "spreads", "levels", "counts")))
        shape = (n, N_CLASSES, 3)
        whole = found.counts.shape == (n,) and bool((found.counts >= 1).all())
        if found.means.shape != shape or found.spreads.shape != shape or not whole:
            raise ValueError(f"the colours {tuple(found.means.shape)} are not those of {n} images")
        if found.levels.shape != (int(found.counts.sum()),):
            raise ValueError(f"there are {found.levels.numel()} levels of {int(found.counts.sum())} objects")
        return found

    @property
    def weights(self) -> dict[str, Tensor]:
        """The tensors, as a generator stores them."""
        return {f"tones.{name}": getattr(self, name) for name in ("means", "spreads", "levels", "counts")}

    def levels_of(self, place: int) -> npt.NDArray[np.float32]:
        """Return the levels of one image's objects, at least one number."""
        start = int(self.counts[:place].sum())
        return np.asarray(self.levels[start : start + int(self.counts[place])].numpy())
