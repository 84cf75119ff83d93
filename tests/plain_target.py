"""A whole target to build others on that are of interest in one respect."""

from typing import ClassVar

import numpy as np

from cellarena.targets.spec import Target


class PlainTarget(Target):
    """One channel: the label image itself, in both directions."""

    n_channels = 1
    channels = ("labels",)
    choices: ClassVar = {}

    def encode(self, labels):
        return labels

    def true_classes(self, labels):
        return (labels > 0).astype(np.uint8)

    def loss(self, output, target):
        return (output - target).abs().mean()

    def activate(self, output):
        return output

    def probabilities(self, activated):
        foreground = np.clip(activated[0], 0, 1)
        return np.stack([1 - foreground, foreground, 0 * foreground]).astype(np.float32)

    def decode(self, activated):
        return activated[0].astype(np.uint32)
