"""Trainings of seconds: discs on noise, a narrow U-Net, a few steps."""

from dataclasses import replace

import numpy as np
import torch
from torch import nn

from cellarena.datasets.cropping.crops import Annotated
from cellarena.learning.predict import Network, Tiles
from cellarena.learning.recipe import Budget, Inference, Recipe, Training
from cellarena.models.unet import UNet
from cellarena.seeds import generator
from cellarena.targets.three_class import ThreeClass

TARGET = ThreeClass(boundary=1, seed=0.5, waist=0.6, foreground=0.5, seed_size=1, min_size=4)
NETWORK = UNet(
    optimizer="adamw", learning_rate=0.005, weight_decay=0.01, augmentation="strong", normalisation="unit",
    foreground=0, width=8, levels=2, residual_units=0,
)  # fmt: skip
BUDGET = Budget(steps=6, crop=32, batch_size=2, validate_every=2)
TRAINING = Training(
    warmup=0.1,
    patience=10,
    precision="32-true",
    accelerator="cpu",
    devices=1,
    nodes=1,
    workers=0,
    tensorboard=False,
    threads=1,
)
INFERENCE = Inference(tile=64, overlap=0.5, batch_size=4, precision="32-true", mirror=False)
TILES = Tiles.of(NETWORK, INFERENCE)


def discs(seed=0, size=64, n=6, modality="fluorescence"):
    """Return bright discs of radius 6 on a dark noisy ground, away from the border."""
    rng = generator(seed, "discs")
    rows, columns = np.mgrid[:size, :size]
    labels = np.zeros((size, size), np.uint16)
    for label in range(1, n + 1):
        row, column = rng.integers(9, size - 9, 2)
        labels[((rows - row) ** 2 + (columns - column) ** 2 <= 36) & (labels == 0)] = label
    grey = np.clip(np.where(labels > 0, 200, 40) + rng.normal(0, 10, labels.shape), 0, 255).astype(np.uint8)
    return Annotated(np.stack([grey] * 3, axis=-1), labels, modality)


def segmenter(network, target=TARGET, **changes):
    """Return a network as one that segments with tiles of 64; `changes` are to its `Tiles`."""
    return Network(network, target, replace(TILES, **changes))


def recipe(seed=0, target=TARGET, hyperparameters=NETWORK, budget=None, training=None, model="unet"):
    """Return a recipe of seconds; `budget` and `training` are changes to the usual ones."""
    return Recipe(
        model, hyperparameters, target, BUDGET.model_copy(update=budget), TRAINING.model_copy(update=training),
        INFERENCE, seed,
    )  # fmt: skip


class Constant(nn.Module):
    """Puts out the same classes everywhere; one parameter, since a network's device is that of its parameters."""

    def __init__(self, output):
        super().__init__()
        self.output = nn.Parameter(torch.tensor(output))

    def forward(self, images):
        return self.output[None, :, None, None].expand(len(images), -1, *images.shape[2:])
