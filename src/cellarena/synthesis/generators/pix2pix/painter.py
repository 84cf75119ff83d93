"""Painting over colours: what a network adds to flat colours, scaled by what real images add to them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from cellarena.images.io import LabelImage
from cellarena.images.labels import consecutive
from cellarena.synthesis.generators.pix2pix.class_colours import ClassColours, level_map, level_of
from cellarena.synthesis.generators.pix2pix.settings import Pix2Pix
from cellarena.synthesis.generators.spec import PAINTERS, Painting
from cellarena.synthesis.networks.conditions import N_CLASSES, classes_of
from cellarena.synthesis.networks.styles import Styles
from cellarena.synthesis.networks.tensors import filled, half_precision, one_hot, pixels_of
from cellarena.synthesis.networks.unet import N_NOISE, UNetGenerator

_REACH = 4.0
_BLUR = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)
"""Binomial weights with a standard deviation of one pixel: no lens draws an edge sharper."""


class Look(NamedTuple):
    """How images are to look.

    Attributes:
        style: (N, n_style), as in `Styles.codes`.
        grey: (N,), 1 or 0.
        means: (N, 3, 3): image, class, channel.
        spreads: (N, 3, 3).
    """

    style: Tensor
    grey: Tensor
    means: Tensor
    spreads: Tensor


def look_of(styles: Styles, colours: ClassColours, places: "np.typing.NDArray[np.int64]", device: str) -> Look:
    """Return how the training images at some places look."""
    tensors = (styles.codes, styles.grey, colours.means, colours.spreads)
    return Look(*(tensor[torch.from_numpy(places)].to(device) for tensor in tensors))


def colour_generator(settings: Pix2Pix, styles: Styles) -> UNetGenerator:
    """Return a generator with fresh weights, drawn from torch's current random state."""
    return UNetGenerator(N_CLASSES + 3 + N_NOISE, styles.codes.shape[1], settings.width, settings.levels)


def coloured(network: nn.Module, classes: Tensor, levels: Tensor, noise: Tensor, look: Look) -> Tensor:
    """Return images: the flat colours of the look, slightly blurred, and what the network adds, at most four spreads.

    Args:
        network: as `colour_generator` builds it.
        classes: (N, 3, H, W), one-hot.
        levels: (N, 1, H, W), of the objects.
        noise: (N, 2, H, W), standard normal.
        look: of the N images.

    Returns:
        (N, 3, H, W) float32 in [-1, 1]; those that look grey have equal channels.
    """
    flat = blurred(_flat(classes, look.means) + levels)
    added = network(torch.cat([classes, flat, noise], dim=1), look.style)
    image = flat + _REACH * _flat(classes, look.spreads) * added
    grey = image.mean(dim=1, keepdim=True).expand_as(image)
    return torch.lerp(image, grey, look.grey[:, None, None, None]).clamp(-1, 1)


def _flat(classes: Tensor, colours: Tensor) -> Tensor:
    """Return (N, 3, H, W) with the colours (N, class, channel) of each pixel's class."""
    return (classes[:, :, None] * colours[:, :, :, None, None]).sum(dim=1)


def blurred(maps: Tensor) -> Tensor:
    """Return maps (N, C, H, W) after a binomial filter of five by five; edge pixels are repeated outside."""
    for padding, axis in (((2, 2, 0, 0), 3), ((0, 0, 2, 2), 2)):
        wide = functional.pad(maps, padding, mode="replicate")
        length = maps.shape[axis]
        maps = sum((w * wide.narrow(axis, k, length) for k, w in enumerate(_BLUR)), torch.zeros_like(maps))
    return maps


class ColourPainter:
    """Paints label images as a training image looks that is drawn anew for each.

    Args:
        network: as `colour_generator` builds it, in evaluation mode.
        styles: of the training images.
        colours: of the same.
    """

    def __init__(self, network: UNetGenerator, styles: Styles, colours: ClassColours) -> None:
        self._network, self._styles, self._colours = network, styles, colours

    def paint(self, labels: LabelImage, modality: str, rng: np.random.Generator) -> Painting:
        """Return an image of the label image, with the training image that it looks like as its donor.

        Raises:
            ValueError: if the generator never saw the modality.
        """
        place = self._styles.draw(modality, rng)
        n_objects = int(consecutive(labels).max(initial=0))
        levels = level_map(labels, rng.choice(self._colours.levels_of(place), n_objects))
        pads = self._network.padding(labels.shape)
        padded = [np.pad(array, pads, mode="symmetric")[None] for array in (classes_of(labels), levels)]
        noise = rng.standard_normal((1, N_NOISE, *padded[0].shape[1:]), np.float32)
        maps = one_hot(padded[0]), level_of(padded[1]), torch.from_numpy(noise)
        image = self._painted(maps, place)[:, : labels.shape[0], : labels.shape[1]]
        return Painting(pixels_of(image), (self._styles.donors[place],))

    def _painted(self, maps: tuple[Tensor, Tensor, Tensor], place: int) -> Tensor:
        device = next(self._network.parameters()).device.type
        look = look_of(self._styles, self._colours, np.array([place]), device)
        classes, levels, noise = (tensor.to(device) for tensor in maps)
        with torch.no_grad(), half_precision(device):
            return coloured(self._network, classes, levels, noise, look)[0]


@PAINTERS.register("pix2pix")
def load(settings: Pix2Pix, weights: Mapping[str, Tensor], facts: Mapping[str, Any], device: str) -> ColourPainter:
    """Return the painter that `fit` made.

    Raises:
        ValueError: if weights, facts and settings do not fit each other.
    """
    styles = Styles.restored(weights, facts)
    network = filled(colour_generator(settings, styles), weights, "generator", device)
    return ColourPainter(network, styles, ClassColours.restored(weights, len(styles.donors)))
