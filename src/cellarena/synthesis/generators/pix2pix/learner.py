"""Learning from pairs of label image and image: a generator against a discriminator that sees the labels too."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional
from torch.optim import Adam

from cellarena.seeds import generator
from cellarena.synthesis.generators.pix2pix.class_colours import ClassColours, level_map, level_of
from cellarena.synthesis.generators.pix2pix.painter import ColourPainter, Look, colour_generator, coloured, look_of
from cellarena.synthesis.generators.pix2pix.settings import Pix2Pix
from cellarena.synthesis.generators.spec import LEARNERS, Example, Fit, Fitted
from cellarena.synthesis.networks.adversarial import BETAS, PatchDiscriminator, feature_matching, least_squares
from cellarena.synthesis.networks.conditions import N_CLASSES, classes_of
from cellarena.synthesis.networks.crops import balanced, crop
from cellarena.synthesis.networks.fitting import Trainables, descend, falling, follow, learn, random_state
from cellarena.synthesis.networks.styles import Styles
from cellarena.synthesis.networks.tensors import half_precision, one_hot, signed, weights_of, with_planes
from cellarena.synthesis.networks.unet import N_NOISE


class PairedLearner:
    """Fits a generator to pairs of label image and image.

    Args:
        settings: of the networks and their losses.
        examples: training images, at least one.
        fit: how long, from which seed, on which device.
    """

    def __init__(self, settings: Pix2Pix, examples: Sequence[Example], fit: Fit) -> None:
        self.styles, self._colours = Styles.of(examples), ClassColours.of(examples)
        self._settings, self._fit = settings, fit
        self._maps = [_maps(example, self._colours.levels_of(place)) for place, example in enumerate(examples)]
        self._shares = balanced(self.styles.modalities)
        n_known = N_CLASSES + self.styles.codes.shape[1]
        with random_state(fit.seed, "networks"):
            self._generator = colour_generator(settings, self.styles).to(fit.device)
            self._discriminator = PatchDiscriminator(3 + n_known, settings.judge_width).to(fit.device)
        self._average = colour_generator(settings, self.styles).to(fit.device).eval()
        self._average.load_state_dict(self._generator.state_dict())
        self._adam = Adam(self._generator.parameters(), settings.learning_rate, BETAS)
        self._adam_of_discriminator = Adam(self._discriminator.parameters(), settings.judge_learning_rate, BETAS)

    @property
    def trainables(self) -> Trainables:
        """Both networks, the average and the optimizers."""
        networks = {"generator": self._generator, "discriminator": self._discriminator, "average": self._average}
        return Trainables(networks, {"adam": self._adam, "adam_of_discriminator": self._adam_of_discriminator})

    def painter(self) -> ColourPainter:
        """Return a painter with the averaged weights."""
        return ColourPainter(self._average, self.styles, self._colours)

    def weights(self) -> dict[str, Tensor]:
        """Return the averaged weights, the styles and the colours, as they are stored."""
        return {**weights_of(self._average, "generator"), **self.styles.weights, **self._colours.weights}

    def step(self, number: int) -> dict[str, Tensor]:
        """Update discriminator, generator and average once; return what both lost."""
        left = falling(number, self._fit.steps)
        self._adam.param_groups[0]["lr"] = self._settings.learning_rate * left
        self._adam_of_discriminator.param_groups[0]["lr"] = self._settings.judge_learning_rate * left
        real, classes, levels, look = self._batch(number)
        noise = torch.randn(classes.shape[0], N_NOISE, *classes.shape[2:], device=classes.device)
        with half_precision(self._fit.device):
            fake = coloured(self._generator, classes, levels, noise, look)
        known = with_planes(classes, look.style)
        judged = self._update_discriminator(real, fake.detach(), known)
        lost = self._update_generator(real, fake, known)
        follow(self._average, self._generator, self._settings.average, number)
        return {**judged, **lost}

    def _update_discriminator(self, real: Tensor, fake: Tensor, known: Tensor) -> dict[str, Tensor]:
        with half_precision(self._fit.device):
            on_real, on_fake = (self._discriminator(torch.cat([image, known], dim=1))[-1] for image in (real, fake))
        loss = (least_squares(on_real, 1) + least_squares(on_fake, 0)) / 2
        descend(self._adam_of_discriminator, loss)
        return {"judge": loss, "judged_real": on_real.float().mean(), "judged_fake": on_fake.float().mean()}

    def _update_generator(self, real: Tensor, fake: Tensor, known: Tensor) -> dict[str, Tensor]:
        self._discriminator.requires_grad_(False)
        with half_precision(self._fit.device):
            with torch.no_grad():
                on_real = self._discriminator(torch.cat([real, known], dim=1))
            on_fake = self._discriminator(torch.cat([fake, known], dim=1))
        adversarial = least_squares(on_fake[-1], 1)
        features, pixels = feature_matching(on_real, on_fake), functional.l1_loss(fake, real)
        descend(self._adam, adversarial + self._settings.features * features + self._settings.pixels * pixels)
        self._discriminator.requires_grad_(True)
        return {"adversarial": adversarial, "features": features, "pixels": pixels}

    def _batch(self, number: int) -> tuple[Tensor, Tensor, Tensor, Look]:
        """Return images in [-1, 1], one-hot classes, levels and looks of the crops of a step."""
        rng = generator(self._fit.seed, "crops", number)
        places = rng.choice(len(self._maps), self._settings.batch_size, p=self._shares)
        crops = np.stack([crop(self._maps[place], self._settings.crop, rng) for place in places])
        batch = signed(crops[..., :3]), one_hot(crops[..., 4]), level_of(crops[..., 3])
        real, classes, levels = (tensor.to(self._fit.device) for tensor in batch)
        return real, classes, levels, look_of(self.styles, self._colours, places, self._fit.device)


@LEARNERS.register("pix2pix")
def fit(settings: Pix2Pix, examples: Sequence[Example], how: Fit) -> Fitted:
    """Return the generator fitted to pairs of label image and image.

    Raises:
        ValueError: if the training diverges.
    """
    learner = PairedLearner(settings, examples, how)
    losses = learn(learner, how)
    return Fitted(learner.weights(), learner.styles.facts, losses)


def _maps(example: Example, levels: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Return (H, W, 5) uint8: the image, the levels of its objects, its classes."""
    return np.dstack([example.image, level_map(example.labels, levels), classes_of(example.labels)])
