"""Painting by taking noise away from images whose label images are known."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from monai.inferers.utils import sliding_window_inference
from monai.networks.nets import DiffusionModelUNet
from torch import Tensor, nn

from cellarena.images.io import LabelImage
from cellarena.synthesis.generators.diffusion.noising import denoised
from cellarena.synthesis.generators.diffusion.settings import Diffusion
from cellarena.synthesis.generators.spec import PAINTERS, Painting
from cellarena.synthesis.networks.conditions import N_CLASSES, classes_of
from cellarena.synthesis.networks.styles import Styles
from cellarena.synthesis.networks.tensors import filled, half_precision, one_hot, pixels_of, with_planes

_GROUPS = 8
_BLOCKS = 2
_WIDEST = 4
_TILES = 16


def network_of(settings: Diffusion, styles: Styles) -> nn.Module:
    """Return MONAI's network with fresh weights, drawn from torch's current random state.

    It sees noised image, classes and style, and puts out the velocity; the coarsest resolution has attention.
    """
    widths = [settings.width * min(2**level, _WIDEST) for level in range(settings.levels)]
    network: nn.Module = DiffusionModelUNet(
        spatial_dims=2,
        in_channels=3 + N_CLASSES + styles.codes.shape[1],
        out_channels=3,
        num_res_blocks=_BLOCKS,
        channels=widths,
        attention_levels=[False] * (settings.levels - 1) + [True],
        norm_num_groups=_GROUPS,
        num_head_channels=settings.width,
    )
    return network


class DenoisingPainter:
    """Paints label images in the style of a training image that is drawn anew for each.

    Larger images than a tile are denoised in overlapping tiles, whose velocities are averaged at every step, so that
    the tiles become one image (Bar-Tal et al., MultiDiffusion, ICML 2023, arXiv 2302.08113).

    Args:
        network: as `network_of` builds it, in evaluation mode.
        styles: of the training images.
        settings: of tiles and sampling.
    """

    def __init__(self, network: nn.Module, styles: Styles, settings: Diffusion) -> None:
        self._network = network
        self._styles = styles
        self._settings = settings

    def paint(self, labels: LabelImage, modality: str, rng: np.random.Generator) -> Painting:
        """Return an image of the label image, with the training image whose style it has as its donor.

        Raises:
            ValueError: if the generator never saw the modality.
        """
        place = self._styles.draw(modality, rng)
        device = next(self._network.parameters()).device
        pads = [(0, max(0, self._settings.crop - n)) for n in labels.shape]
        classes = one_hot(np.pad(classes_of(labels), pads, mode="symmetric")[None]).to(device)
        noise = torch.from_numpy(rng.standard_normal((1, 3, *classes.shape[2:]), np.float32)).to(device)
        code = self._styles.codes[place][None].to(device)
        with torch.no_grad(), half_precision(device.type):
            image = denoised(
                lambda z, step: self._velocity(z, classes, code, step), noise, self._settings.sampling_steps
            )
        height, width = labels.shape
        image = image[0, :, :height, :width]
        if self._styles.grey[place]:
            image = image.mean(dim=0, keepdim=True).expand_as(image)
        return Painting(pixels_of(image), (self._styles.donors[place],))

    def _velocity(self, z: Tensor, classes: Tensor, code: Tensor, step: float) -> Tensor:
        """Return the velocity of a whole image, averaged where tiles overlap."""

        def of_tiles(tiles: Tensor) -> Tensor:
            maps = with_planes(tiles, code.expand(len(tiles), -1))
            seen: Tensor = self._network(maps, tiles.new_full((len(tiles),), step))
            return seen.float()

        side = self._settings.crop
        merged = sliding_window_inference(
            torch.cat([z, classes], dim=1), (side, side), _TILES, of_tiles,
            overlap=self._settings.overlap, mode="gaussian", sigma_scale=0.125,
        )  # fmt: skip
        assert isinstance(merged, Tensor)  # as `of_tiles` returns one
        return merged


@PAINTERS.register("diffusion")
def load(settings: Diffusion, weights: Mapping[str, Tensor], facts: Mapping[str, Any], device: str) -> DenoisingPainter:
    """Return the painter that `fit` made.

    Raises:
        ValueError: if weights, facts and settings do not fit each other.
    """
    styles = Styles.restored(weights, facts)
    network = filled(network_of(settings, styles), weights, "network", device)
    return DenoisingPainter(network, styles, settings)
