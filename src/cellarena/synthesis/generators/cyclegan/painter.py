"""Painting label images in a style: what adversarial generators have in common."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from cellarena.hardware import multiplies_bfloat16
from cellarena.images.io import LabelImage
from cellarena.synthesis.generators.spec import Painting
from cellarena.synthesis.networks.adversarial import UNetGenerator
from cellarena.synthesis.networks.conditions import N_CLASSES, classes_of
from cellarena.synthesis.networks.styles import Styles

if TYPE_CHECKING:
    from cellarena.synthesis.generators.cyclegan.settings import CycleGAN

N_NOISE = 2
"""Channels of noise that a generator sees."""


def generator_of(settings: "CycleGAN", styles: Styles) -> UNetGenerator:
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
        # Nothing can be normalised over a single pixel: the smallest map has at least two by two.
        pads = [(0, max(2 * self._network.multiple - n, -n % self._network.multiple)) for n in labels.shape]
        device = next(self._network.parameters()).device
        classes = one_hot(np.pad(classes_of(labels), pads, mode="symmetric")[None]).to(device)
        style, grey = (tensor[place][None].to(device) for tensor in (self._styles.codes, self._styles.grey))
        noise = rng.standard_normal((1, N_NOISE, *classes.shape[2:]), np.float32)
        with torch.no_grad(), half_precision(device.type):
            image = painted(self._network, classes, style, grey, torch.from_numpy(noise).to(device))
        height, width = labels.shape
        scaled = ((image[0, :, :height, :width] + 1) * 127.5).round().clamp(0, 255)
        pixels = scaled.to(torch.uint8).permute(1, 2, 0).cpu().numpy()
        return Painting(np.ascontiguousarray(pixels), (self._styles.donors[place],))


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


def one_hot(classes: npt.NDArray[np.uint8]) -> Tensor:
    """Return (N, H, W) classes as (N, 3, H, W) float32."""
    return functional.one_hot(torch.from_numpy(classes).long(), N_CLASSES).permute(0, 3, 1, 2).float()


def half_precision(device: str) -> torch.autocast:
    """Return the context in which networks multiply bfloat16 where the device does so in hardware."""
    return torch.autocast(device.partition(":")[0], torch.bfloat16, enabled=multiplies_bfloat16(device))


def descend(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """Take an optimizer's step along the gradient of a loss."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
