"""Choosing the real images that are painted with."""

from collections.abc import Sequence

import torch

from cellarena.synthesis.generators.spec import LEARNERS, Example, Fit, Fitted
from cellarena.synthesis.generators.texture.bank import windows
from cellarena.synthesis.generators.texture.painter import Entry, Facts, TexturePainter, tensor_name
from cellarena.synthesis.generators.texture.settings import TextureSettings


@LEARNERS.register("texture")
def fit(settings: TextureSettings, examples: Sequence[Example], how: Fit) -> Fitted:
    """Return a bank of training images, and show once what is painted with it.

    Raises:
        ValueError: if there are no examples.
    """
    if not examples:
        raise ValueError("the generator texture needs at least one training image")
    bank = windows(examples, settings.images, settings.side, how.seed)
    weights: dict[str, torch.Tensor] = {}
    for number, example in enumerate(bank):
        weights[tensor_name("image", number)] = torch.from_numpy(example.image.copy())
        weights[tensor_name("labels", number)] = torch.from_numpy(example.labels.copy())
    entries = [Entry(id=example.id, modality=example.modality) for example in bank]
    how.watch(0, TexturePainter(bank, settings, how.seed))
    return Fitted(weights, Facts(bank=entries, seed=how.seed).model_dump(), [])
