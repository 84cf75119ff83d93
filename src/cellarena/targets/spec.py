"""What a target is: labels become what a network learns, and what a network predicts becomes labels again."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from cellarena.catalog import Catalog
from cellarena.images.io import LabelImage
from cellarena.section import Section

if TYPE_CHECKING:
    from torch import Tensor

UNTAUGHT = 255
"""What an encoded target holds, in every channel, at a pixel that nobody annotated: no loss is computed there."""


class Target(Section, ABC):
    """A target with its settings, which are a block of the section `targets` of params.yaml."""

    n_channels: ClassVar[int]
    """How many channels the network puts out."""
    channels: ClassVar[tuple[str, ...]]
    """What each channel of the activated output is."""
    choices: ClassVar[dict[str, tuple[float, ...]]]
    """The settings of decoding that are tuned on the validation subset, and the values that are tried."""

    @abstractmethod
    def encode(self, labels: LabelImage) -> npt.NDArray[Any]:
        """Return the (H, W) or (C, H, W) array that a network is to learn from a (H, W) label image."""

    @abstractmethod
    def true_classes(self, labels: LabelImage) -> npt.NDArray[np.uint8]:
        """Return the (H, W) class of every pixel as it is taught: 0 background, 1 interior, 2 boundary."""

    @abstractmethod
    def loss(self, output: "Tensor", target: "Tensor") -> "Tensor":
        """Return the scalar loss of raw network output (B, n_channels, H, W) against a batch of encoded targets.

        Pixels are taught one by one: which of them are neighbours, and which are of one image, makes no difference.
        So pixels may be left out, and are before this is called (`learning.supervision`).
        """

    @abstractmethod
    def activate(self, output: "Tensor") -> "Tensor":
        """Return raw output as what may be averaged over tiles and members: probabilities, distances."""

    @abstractmethod
    def probabilities(self, activated: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return the (3, H, W) float32 probabilities of background, interior and boundary, which sum to 1."""

    @abstractmethod
    def decode(self, activated: npt.NDArray[np.float32]) -> npt.NDArray[np.uint32]:
        """Return the (H, W) label image, numbered 1..n, that an activated output (n_channels, H, W) stands for."""


TARGETS: Catalog[type[Target]] = Catalog("target", "cellarena.targets")
