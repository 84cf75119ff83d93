"""Learning from pairs of label image and image: a generator against a discriminator that sees the labels too."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Adam

from cellarena.hardware import multiplies_bfloat16
from cellarena.images.io import LabelImage
from cellarena.seeds import generator
from cellarena.synthesis.generators.spec import Example, Fit, Painting
from cellarena.synthesis.parts.adversarial import (
    PatchDiscriminator,
    UNetGenerator,
    feature_matching,
    follow,
    least_squares,
)
from cellarena.synthesis.parts.conditions import N_CLASSES, classes_of
from cellarena.synthesis.parts.crops import balanced, crop
from cellarena.synthesis.parts.fitting import Parts, falling, random_state
from cellarena.synthesis.parts.styles import Styles

if TYPE_CHECKING:
    from cellarena.synthesis.generators.cyclegan import CycleGAN
    from cellarena.synthesis.generators.pix2pix import Pix2Pix

_N_NOISE = 2


def generator_of(settings: "Pix2Pix | CycleGAN", styles: Styles) -> UNetGenerator:
    """Return a generator with fresh weights, drawn from torch's current random state."""
    return UNetGenerator(N_CLASSES + _N_NOISE, styles.codes.shape[1], settings.width, settings.levels)


class PairedLearner:
    """Fits a generator to pairs of label image and image.

    Args:
        settings: of the networks and their losses.
        examples: training images, at least one.
        fit: how long, from which seed, on which device.
    """

    def __init__(self, settings: "Pix2Pix", examples: Sequence[Example], fit: Fit) -> None:
        self.styles = Styles.of(examples)
        self._settings, self._fit = settings, fit
        self._maps = [np.dstack([example.image, classes_of(example.labels)]) for example in examples]
        self._shares = balanced(self.styles.modalities)
        n_style = self.styles.codes.shape[1]
        with random_state(fit.seed, "networks"):
            self._generator = generator_of(settings, self.styles).to(fit.device)
            self._judge = PatchDiscriminator(3 + N_CLASSES + n_style, settings.judge_width).to(fit.device)
        self._average = generator_of(settings, self.styles).to(fit.device).eval()
        self._average.load_state_dict(self._generator.state_dict())
        rate, moments = settings.learning_rate, (0.5, 0.999)
        self._optimizers = [Adam(n.parameters(), rate, moments) for n in (self._generator, self._judge)]

    @property
    def parts(self) -> Parts:
        """Both networks, the average and the optimizers."""
        networks = {"generator": self._generator, "judge": self._judge, "average": self._average}
        return Parts(networks, {"adam": self._optimizers[0], "adam_judge": self._optimizers[1]})

    def painter(self) -> "StyledPainter":
        """Return a painter with the averaged weights."""
        return StyledPainter(self._average, self.styles)

    def weights(self) -> dict[str, Tensor]:
        """Return the averaged weights and the styles, as they are stored."""
        averaged = {f"generator.{name}": tensor for name, tensor in self._average.state_dict().items()}
        return {**averaged, **self.styles.weights}

    def step(self, number: int) -> dict[str, Tensor]:
        """Update discriminator, generator and average once; return what both lost."""
        self._set_rate(number)
        real, classes, style, grey = self._batch(number)
        with half_precision(self._fit.device):
            fake = painted(self._generator, classes, style, grey)
        known = [classes, style[:, :, None, None].expand(-1, -1, *classes.shape[2:])]
        judged = self._update_judge(real, fake.detach(), known)
        lost = self._update_generator(real, fake, known)
        decay = min(self._settings.average, number / (number + 9))
        follow(self._average, self._generator, decay)
        return {**judged, **lost}

    def _update_judge(self, real: Tensor, fake: Tensor, known: list[Tensor]) -> dict[str, Tensor]:
        with half_precision(self._fit.device):
            on_real, on_fake = (self._judge(torch.cat([image, *known], dim=1))[-1] for image in (real, fake))
        loss = (least_squares(on_real, 1) + least_squares(on_fake, 0)) / 2
        descend(self._optimizers[1], loss)
        return {"judge": loss, "judged_real": on_real.float().mean(), "judged_fake": on_fake.float().mean()}

    def _update_generator(self, real: Tensor, fake: Tensor, known: list[Tensor]) -> dict[str, Tensor]:
        self._judge.requires_grad_(False)
        with half_precision(self._fit.device):
            with torch.no_grad():
                on_real = self._judge(torch.cat([real, *known], dim=1))
            on_fake = self._judge(torch.cat([fake, *known], dim=1))
        adversarial = least_squares(on_fake[-1], 1)
        features, pixels = feature_matching(on_real, on_fake), functional.l1_loss(fake, real)
        descend(self._optimizers[0], adversarial + self._settings.features * features + self._settings.pixels * pixels)
        self._judge.requires_grad_(True)
        return {"adversarial": adversarial, "features": features, "pixels": pixels}

    def _set_rate(self, number: int) -> None:
        left = falling(number, self._fit.steps)
        for optimizer in self._optimizers:
            for group in optimizer.param_groups:
                group["lr"] = self._settings.learning_rate * left

    def _batch(self, number: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return images in [-1, 1], one-hot classes, styles and greyness of the crops of a step."""
        rng = generator(self._fit.seed, "crops", number)
        places = rng.choice(len(self._maps), self._settings.batch_size, p=self._shares)
        crops = np.stack([crop(self._maps[place], self._settings.crop, rng) for place in places])
        images = torch.from_numpy(crops[..., :3]).permute(0, 3, 1, 2).float() / 127.5 - 1
        batch = images, one_hot(crops[..., 3]), self.styles.codes[places], self.styles.grey[places]
        real, classes, style, grey = (tensor.to(self._fit.device) for tensor in batch)
        return real, classes, style, grey


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
        noise = rng.standard_normal((1, _N_NOISE, *classes.shape[2:]), np.float32)
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
        noise = torch.randn(classes.shape[0], _N_NOISE, *classes.shape[2:], device=classes.device)
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
