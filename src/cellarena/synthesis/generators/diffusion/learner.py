"""Learning to take noise away from images whose label images are known."""

from collections.abc import Sequence
from copy import deepcopy

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import AdamW

from cellarena.seeds import generator
from cellarena.synthesis.generators.diffusion.noising import drawn_steps, noised, velocity
from cellarena.synthesis.generators.diffusion.painter import DenoisingPainter, network_of
from cellarena.synthesis.generators.diffusion.settings import Diffusion
from cellarena.synthesis.generators.spec import LEARNERS, Example, Fit, Fitted
from cellarena.synthesis.networks.conditions import classes_of
from cellarena.synthesis.networks.crops import balanced, crop
from cellarena.synthesis.networks.fitting import Trainables, follow, learn, random_state
from cellarena.synthesis.networks.styles import Styles
from cellarena.synthesis.networks.tensors import half_precision, one_hot, signed, weights_of, with_planes

_WARMUP = 0.02


class DenoisingLearner:
    """Fits a network to the velocity of noised training images.

    Args:
        settings: of the network and its training.
        examples: training images, at least one.
        fit: how long, from which seed, on which device.
    """

    def __init__(self, settings: Diffusion, examples: Sequence[Example], fit: Fit) -> None:
        self.styles = Styles.of(examples)
        self._settings, self._fit = settings, fit
        self._maps = [np.dstack([example.image, classes_of(example.labels)]) for example in examples]
        self._shares = balanced(self.styles.modalities)
        with random_state(fit.seed, "networks"):
            self._network = network_of(settings, self.styles).to(fit.device)
        self._average = deepcopy(self._network).eval()
        self._optimizer = AdamW(self._network.parameters(), settings.learning_rate)

    @property
    def trainables(self) -> Trainables:
        """The network, its average and the optimizer."""
        return Trainables({"network": self._network, "average": self._average}, {"adam": self._optimizer})

    def painter(self) -> DenoisingPainter:
        """Return a painter with the averaged weights."""
        return DenoisingPainter(self._average, self.styles, self._settings)

    def weights(self) -> dict[str, Tensor]:
        """Return the averaged weights and the styles, as they are stored."""
        return {**weights_of(self._average, "network"), **self.styles.weights}

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
        follow(self._average, self._network, self._settings.average, number)
        return {"denoising": loss}

    def _batch(self, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Return images in [-1, 1], and classes and styles as maps."""
        places = rng.choice(len(self._maps), self._settings.batch_size, p=self._shares)
        crops = np.stack([crop(self._maps[place], self._settings.crop, rng) for place in places])
        condition = with_planes(one_hot(crops[..., 3]), self.styles.codes[places])
        return signed(crops[..., :3]).to(self._fit.device), condition.to(self._fit.device)


@LEARNERS.register("diffusion")
def fit(settings: Diffusion, examples: Sequence[Example], how: Fit) -> Fitted:
    """Return the network fitted to take noise away from images whose label images it sees.

    Raises:
        ValueError: if the training diverges.
    """
    learner = DenoisingLearner(settings, examples, how)
    losses = learn(learner, how)
    return Fitted(learner.weights(), learner.styles.facts, losses)
