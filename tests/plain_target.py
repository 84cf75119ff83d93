"""A whole target to build others on that are of interest in one respect."""

from typing import ClassVar

import numpy as np

from cellarena.targets.spec import Target


class PlainTarget(Target):
    """One channel: the label image itself, in both directions."""

    n_channels = 1
    choices: ClassVar = {}

    def encode(self, labels):
        return labels

    def loss(self, output, target):
        return (output - target).abs().mean()

    def activate(self, output):
        return output

    def decode(self, activated):
        return activated[0].astype(np.uint32)
