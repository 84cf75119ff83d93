"""Learning to take noise away from images whose label images are known, and painting by doing so."""

from collections.abc import Sequence
from copy import deepcopy
from typing import TYPE_CHECKING

import numpy as np
import torch
from monai.inferers.utils import sliding_window_inference
from monai.networks.nets import DiffusionModelUNet
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import AdamW

from cellarena.images.io import LabelImage
from cellarena.seeds import generator
from cellarena.synthesis.generators.cyclegan.painter import half_precision, one_hot
from cellarena.synthesis.generators.diffusion.noising import denoised, drawn_steps, noised, velocity
from cellarena.synthesis.generators.spec import Example, Fit, Painting
from cellarena.synthesis.networks.adversarial import follow
from cellarena.synthesis.networks.conditions import N_CLASSES, classes_of
from cellarena.synthesis.networks.crops import balanced, crop
from cellarena.synthesis.networks.fitting import Parts, random_state
from cellarena.synthesis.networks.planes import with_planes
from cellarena.synthesis.networks.styles import Styles

if TYPE_CHECKING:
    from cellarena.synthesis.generators.diffusion.settings import Diffusion

_GROUPS = 8
_BLOCKS = 2
_WIDEST = 4
_WARMUP = 0.02
_TILES = 16


def network_of(settings: "Diffusion", styles: Styles) -> nn.Module:
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


class DenoisingLearner:
    """Fits a network to the velocity of noised training images.

    Args:
        settings: of the network and its training.
        examples: training images, at least one.
        fit: how long, from which seed, on which device.
    """

    def __init__(self, settings: "Diffusion", examples: Sequence[Example], fit: Fit) -> None:
        self.styles = Styles.of(examples)
        self._settings, self._fit = settings, fit
        self._maps = [np.dstack([example.image, classes_of(example.labels)]) for example in examples]
        self._shares = balanced(self.styles.modalities)
        with random_state(fit.seed, "networks"):
            self._network = network_of(settings, self.styles).to(fit.device)
        self._average = deepcopy(self._network).eval()
        self._optimizer = AdamW(self._network.parameters(), settings.learning_rate)

    @property
    def parts(self) -> Parts:
        """The network, its average and the optimizer."""
        return Parts({"network": self._network, "average": self._average}, {"adam": self._optimizer})

    def painter(self) -> "DenoisingPainter":
        """Return a painter with the averaged weights."""
        return DenoisingPainter(self._average, self.styles, self._settings)

    def weights(self) -> dict[str, Tensor]:
        """Return the averaged weights and the styles, as they are stored."""
        averaged = {f"network.{name}": tensor for name, tensor in self._average.state_dict().items()}
        return {**averaged, **self.styles.weights}

    def step(self, number: int) -> dict[str, Tensor]:
        """Update the network and its average once; return the mean squared error of the velocity."""
        warmup = max(1.0, _WARMUP * self._fit.steps)
        for group in self._optimizer.param_groups:
            group["lr"] = self._settings.learning_rate * min(1.0, number / warmup)
        rng = generator(self._fit.seed, "crops", number)
        images, condition = self._batch(rng)
        steps = drawn_steps(len(images), rng.random()).to(images.device)
        noise = torch.from_numpy(rng.standard_normal(images.shape, np.float32)).to(images.device)
        with half_precision(self._fit.device):
            seen = self._network(torch.cat([noised(images, noise, steps), condition], dim=1), steps)
        loss = functional.mse_loss(seen.float(), velocity(images, noise, steps))
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self._network.parameters(), 1.0)
        self._optimizer.step()
        # Early weights are soon forgotten, so that a short fit is not an average with the first, random ones.
        follow(self._average, self._network, min(self._settings.average, number / (number + 9)))
        return {"denoising": loss}

    def _batch(self, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Return images in [-1, 1], and classes and styles as maps."""
        places = rng.choice(len(self._maps), self._settings.batch_size, p=self._shares)
        crops = np.stack([crop(self._maps[place], self._settings.crop, rng) for place in places])
        images = torch.from_numpy(crops[..., :3]).permute(0, 3, 1, 2).float() / 127.5 - 1
        condition = with_planes(one_hot(crops[..., 3]), self.styles.codes[places])
        return images.to(self._fit.device), condition.to(self._fit.device)


class DenoisingPainter:
    """Paints label images in the style of a training image that is drawn anew for each.

    Larger images than a tile are denoised in overlapping tiles, whose velocities are averaged at every step, so that
    the tiles become one image (Bar-Tal et al., MultiDiffusion, ICML 2023, arXiv 2302.08113).

    Args:
        network: as `network_of` builds it, in evaluation mode.
        styles: of the training images.
        settings: of tiles and sampling.
    """

    def __init__(self, network: nn.Module, styles: Styles, settings: "Diffusion") -> None:
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
        scaled = ((image + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
        pixels = np.ascontiguousarray(scaled.permute(1, 2, 0).cpu().numpy())
        return Painting(pixels, (self._styles.donors[place],))

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
