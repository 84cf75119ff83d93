"""Training the tiny network whose filters and feature maps are shown: seconds, on the CPU."""

from collections.abc import Sequence

import torch
from torch import nn

from cellarena.datasets.cropping.crops import Annotated, Cropping, Crops
from cellarena.learning.supervision import supervised_loss
from cellarena.models.networks.tiny_cnn import tiny_cnn
from cellarena.seeds import digest
from cellarena.targets.spec import Target

# Images whose mean is 0: with intensities in [0, 1] most filters would learn the same mean.
NORMALISATION = "z_score"
_CROPPING = Cropping((64, 64), "geometric", NORMALISATION, 0.5)
_BATCH = 8
_RATE = 0.003


def fit_tiny(images: Sequence[Annotated], target: Target, steps: int, seed: int) -> nn.Sequential:
    """Return the tiny network, trained with Adam; the same input gives the same weights on one machine.

    Args:
        images: annotated images that crops are taken from.
        target: the classes that it learns.
        steps: optimizer steps of eight crops of 64 x 64 pixels.
        seed: of weights and crops.

    Raises:
        ValueError: if there is no image.
    """
    if not images:
        raise ValueError("the tiny network needs images to learn from; the train subset is empty")
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.manual_seed(digest(seed, "weights") % 2**63)
    network = tiny_cnn(target.n_channels)
    optimizer = torch.optim.Adam(network.parameters(), _RATE)
    crops = Crops(images, target, _CROPPING, seed)
    for step in range(steps):
        pairs = [crops[step * _BATCH + k] for k in range(_BATCH)]
        inputs, encoded = (torch.stack(part) for part in zip(*pairs, strict=True))
        optimizer.zero_grad()
        supervised_loss(target, network(inputs), encoded).backward()
        optimizer.step()
    return network.eval()
