"""Painting label images in a style."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from cellarena.images.io import LabelImage
from cellarena.synthesis.generators.cyclegan.settings import CycleGAN
from cellarena.synthesis.generators.spec import PAINTERS, Painting
from cellarena.synthesis.networks.conditions import N_CLASSES, classes_of
from cellarena.synthesis.networks.styles import Styles
from cellarena.synthesis.networks.tensors import filled, half_precision, one_hot, pixels_of
from cellarena.synthesis.networks.unet import N_NOISE, UNetGenerator


def generator_of(settings: CycleGAN, styles: Styles) -> UNetGenerator:
    """Return a generator with fresh weights, drawn from torch's current random state."""
    return UNetGenerator(N_CLASSES + N_NOISE, styles.codes.shape[1], settings.width, settings.levels)


class StyledPainter:
    """Paints label images in the style of a training image that is drawn anew for each.

    Args:
        network: a generator as `generator_of` builds it, in evaluation mode.
        styles: of the training images.
    """

    def __init__(self, network: UNetGenerator, styles: Styles) -> None:
        self._network = network
        self._styles = styles

    def paint(self, labels: LabelImage, modality: str, rng: np.random.Generator) -> Painting:
        """Return an image of the label image, with the training image whose style it has as its donor.

        Raises:
            ValueError: if the generator never saw the modality.
        """
        place = self._styles.draw(modality, rng)
        device = next(self._network.parameters()).device
        padded = np.pad(classes_of(labels), self._network.padding(labels.shape), mode="symmetric")
        classes = one_hot(padded[None]).to(device)
        style, grey = (tensor[place][None].to(device) for tensor in (self._styles.codes, self._styles.grey))
        noise = rng.standard_normal((1, N_NOISE, *classes.shape[2:]), np.float32)
        with torch.no_grad(), half_precision(device.type):
            image = painted(self._network, classes, style, grey, torch.from_numpy(noise).to(device))
        height, width = labels.shape
        return Painting(pixels_of(image[0, :, :height, :width]), (self._styles.donors[place],))


def painted(network: nn.Module, classes: Tensor, style: Tensor, grey: Tensor, noise: Tensor | None = None) -> Tensor:
    """Return the images (N, 3, H, W) in [-1, 1] of classes and styles; those in a grey style have equal channels.

    Args:
        network: the generator.
        classes: (N, 3, H, W), one-hot.
        style: (N, n_style).
        grey: (N,), 1 or 0.
        noise: (N, 2, H, W); drawn from torch's random state where none is given.
    """
    if noise is None:
        noise = torch.randn(classes.shape[0], N_NOISE, *classes.shape[2:], device=classes.device)
    image = network(torch.cat([classes, noise], dim=1), style)
    return torch.lerp(image, image.mean(dim=1, keepdim=True).expand_as(image), grey[:, None, None, None])


@PAINTERS.register("cyclegan")
def load(settings: CycleGAN, weights: Mapping[str, Tensor], facts: Mapping[str, Any], device: str) -> StyledPainter:
    """Return the painter that `fit` made.

    Raises:
        ValueError: if weights, facts and settings do not fit each other.
    """
    styles = Styles.restored(weights, facts)
    network = filled(generator_of(settings, styles), weights, "generator", device)
    return StyledPainter(network, styles)
