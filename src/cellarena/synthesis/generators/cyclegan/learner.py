"""Learning from label images and photos that do not belong together: two generators, each undoing the other."""

from collections.abc import Sequence
from copy import deepcopy
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Adam

from cellarena.seeds import generator
from cellarena.synthesis.generators.cyclegan.painter import StyledPainter, generator_of, painted
from cellarena.synthesis.generators.cyclegan.pool import Pool
from cellarena.synthesis.generators.cyclegan.settings import CycleGAN
from cellarena.synthesis.generators.cyclegan.unpaired_batches import Batch, UnpairedBatches
from cellarena.synthesis.generators.spec import LEARNERS, Example, Fit, Fitted
from cellarena.synthesis.networks.adversarial import BETAS, PatchDiscriminator, least_squares
from cellarena.synthesis.networks.conditions import N_CLASSES
from cellarena.synthesis.networks.fitting import Trainables, descend, falling, follow, learn, random_state
from cellarena.synthesis.networks.tensors import half_precision, weights_of, with_planes
from cellarena.synthesis.networks.unet import UNetGenerator


class Made(NamedTuple):
    """What the generators make of a batch: there, and there and back.

    Attributes:
        photos: of the label images.
        classes: of the photos, in [0, 1].
        photos_again: of `classes`.
        classes_again: of `photos`.
    """

    photos: Tensor
    classes: Tensor
    photos_again: Tensor
    classes_again: Tensor


class UnpairedLearner:
    """Fits a generator that paints label images, with one that reads photos beside it.

    The discriminators know the modality but no style: a photo's style goes with what it shows, that of an image painted
    from another label image cannot, and they would ask for it. There and back keeps the style.

    Args:
        settings: of the networks and their losses.
        examples: training images, at least one; which photo belongs to which label image has no effect.
        fit: how long, from which seed, on which device.
    """

    def __init__(self, settings: CycleGAN, examples: Sequence[Example], fit: Fit) -> None:
        self._settings, self._fit = settings, fit
        self._batches = UnpairedBatches(examples)
        self.styles = self._batches.styles
        n_code, n_modalities = self.styles.codes.shape[1], len(set(self.styles.modalities))
        side = settings.crop
        with random_state(fit.seed, "networks"):
            networks: dict[str, nn.Module] = {
                "generator": generator_of(settings, self.styles),
                "reader": UNetGenerator(3, n_code, settings.width, settings.levels),
                "discriminator": PatchDiscriminator(3 + n_modalities, settings.judge_width),
                "discriminator_of_labels": PatchDiscriminator(N_CLASSES + n_modalities, settings.judge_width),
                "pool": Pool(settings.pool, (3, side, side), n_modalities),
                "pool_of_labels": Pool(settings.pool, (N_CLASSES, side, side), n_modalities),
            }
        networks["average"] = deepcopy(networks["generator"]).eval()
        self._networks = {name: network.to(fit.device) for name, network in networks.items()}
        self._optimizers = {
            "adam": self._adam("generator", "reader"),
            "adam_of_discriminators": self._adam("discriminator", "discriminator_of_labels"),
        }

    @property
    def trainables(self) -> Trainables:
        """Generators, discriminators, what they made before, the average and the optimizers."""
        return Trainables(self._networks, self._optimizers)

    def painter(self) -> StyledPainter:
        """Return a painter with the averaged weights."""
        return StyledPainter(self._networks["average"], self.styles)  # type: ignore[arg-type]

    def weights(self) -> dict[str, Tensor]:
        """Return the averaged weights and the styles, as they are stored."""
        return {**weights_of(self._networks["average"], "generator"), **self.styles.weights}

    def step(self, number: int) -> dict[str, Tensor]:
        """Update generators, discriminators and average once; return what they lost."""
        for optimizer in self._optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = self._settings.learning_rate * falling(number, self._fit.steps)
        drawn = self._batches.draw(self._settings.batch_size, self._settings.crop, self._fit.seed, number)
        batch = Batch(*(tensor.to(self._fit.device) for tensor in drawn))
        made, lost = self._update_generators(batch)
        judged = self._update_discriminators(batch, made, generator(self._fit.seed, "pool", number))
        follow(self._networks["average"], self._networks["generator"], self._settings.average, number)
        return {**lost, **judged}

    def _update_generators(self, batch: Batch) -> tuple[Made, dict[str, Tensor]]:
        discriminators = self._networks["discriminator"], self._networks["discriminator_of_labels"]
        for discriminator in discriminators:
            discriminator.requires_grad_(False)
        with half_precision(self._fit.device):
            made = self._translated(batch)
            on_photos = self._verdicts("discriminator", made.photos, batch.modalities)
            on_classes = self._verdicts("discriminator_of_labels", self._jittered(made.classes), batch.modalities)
            kept_photos = self._paint((batch.photos + 1) / 2, batch)
            kept_classes = self._read(2 * batch.classes - 1, batch)
        lost = {
            "adversarial": least_squares(on_photos, 1) + least_squares(on_classes, 1),
            "cycle_photos": functional.l1_loss(made.photos_again, batch.photos),
            "cycle_labels": functional.l1_loss(made.classes_again, batch.classes),
            "identity": functional.l1_loss(kept_photos, batch.photos) + functional.l1_loss(kept_classes, batch.classes),
        }
        cycle = self._settings.cycle * (lost["cycle_photos"] + lost["cycle_labels"])
        descend(self._optimizers["adam"], lost["adversarial"] + cycle + self._settings.identity * lost["identity"])
        for discriminator in discriminators:
            discriminator.requires_grad_(True)
        return made, lost

    def _update_discriminators(self, batch: Batch, made: Made, rng: np.random.Generator) -> dict[str, Tensor]:
        photos, photo_kinds = self._pooled("pool", made.photos, batch.modalities, rng)
        classes, class_kinds = self._pooled("pool_of_labels", made.classes, batch.modalities, rng)
        with half_precision(self._fit.device):
            on_real = self._verdicts("discriminator", batch.photos, batch.modalities)
            on_fake = self._verdicts("discriminator", photos, photo_kinds)
            on_true = self._verdicts("discriminator_of_labels", self._jittered(batch.classes), batch.modalities)
            on_read = self._verdicts("discriminator_of_labels", self._jittered(classes), class_kinds)
        of_photos = (least_squares(on_real, 1) + least_squares(on_fake, 0)) / 2
        of_labels = (least_squares(on_true, 1) + least_squares(on_read, 0)) / 2
        descend(self._optimizers["adam_of_discriminators"], of_photos + of_labels)
        means = {"judged_real": on_real.float().mean(), "judged_fake": on_fake.float().mean()}
        return {"judge": of_photos, "judge_of_labels": of_labels, **means}

    def _translated(self, batch: Batch) -> Made:
        photos = self._paint(self._jittered(batch.classes), batch)
        classes = self._read(batch.photos, batch)
        return Made(photos, classes, self._paint(self._jittered(classes), batch), self._read(photos, batch))

    def _paint(self, classes: Tensor, batch: Batch) -> Tensor:
        return painted(self._networks["generator"], classes, batch.codes, batch.grey)

    def _read(self, photos: Tensor, batch: Batch) -> Tensor:
        classes: Tensor = self._networks["reader"](photos, batch.codes)
        return (classes + 1) / 2

    def _jittered(self, classes: Tensor) -> Tensor:
        return classes + self._settings.jitter * torch.randn_like(classes)

    def _verdicts(self, discriminator: str, maps: Tensor, modalities: Tensor) -> Tensor:
        verdicts: Tensor = self._networks[discriminator](with_planes(maps, modalities))[-1]
        return verdicts

    def _pooled(self, pool: str, images: Tensor, modalities: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        exchanged: tuple[Tensor, Tensor] = self._networks[pool].exchange(images.detach(), modalities, rng)  # type: ignore[operator]
        return exchanged

    def _adam(self, *names: str) -> Adam:
        weights = [weight for name in names for weight in self._networks[name].parameters()]
        return Adam(weights, self._settings.learning_rate, BETAS)


@LEARNERS.register("cyclegan")
def fit(settings: CycleGAN, examples: Sequence[Example], how: Fit) -> Fitted:
    """Return the generator fitted to photos and label images; which belongs to which is not used.

    Raises:
        ValueError: if the training diverges.
    """
    learner = UnpairedLearner(settings, examples, how)
    losses = learn(learner, how)
    return Fitted(learner.weights(), learner.styles.facts, losses)
