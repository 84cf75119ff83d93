"""CycleGAN: label images and photos that do not belong together are translated into each other and back.

After Zhu et al., ICCV 2017, arXiv 1703.10593.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field

from cellarena.synthesis.generators.spec import (
    GENERATORS,
    Example,
    Fit,
    Fitted,
    GeneratorSettings,
    GeneratorSpec,
    Painter,
)

if TYPE_CHECKING:
    from torch import Tensor


class CycleGAN(GeneratorSettings):
    """Settings of CycleGAN."""

    width: int = Field(ge=4, le=256)
    """Channels of both generators' first level; every further level has twice as many, up to eight times."""
    levels: int = Field(ge=2, le=6)
    """How many resolutions the generators have."""
    judge_width: int = Field(ge=4, le=256)
    """Channels of the discriminators' first layer."""
    crop: int = Field(ge=32, multiple_of=32)
    """Side of a training crop in pixels."""
    batch_size: int = Field(ge=1)
    """Photos, and as many label images, in a step."""
    learning_rate: float = Field(gt=0, le=0.1)
    """Of all networks; it falls to 0 over the last half of the steps."""
    cycle: float = Field(ge=0)
    """Weight of the mean absolute difference after there and back; that of the adversarial losses is 1."""
    identity: float = Field(ge=0)
    """Weight of the mean absolute difference that a generator makes to what it should leave as it is."""
    jitter: float = Field(ge=0, le=1)
    """Standard deviation of the noise on label images in training: it drowns what a generator would hide in them to
    come back by (Chu et al., 2017, arXiv 1712.02950)."""
    pool: int = Field(ge=1, le=1000)
    """Earlier images of each generator that its discriminator goes on judging."""
    average: float = Field(ge=0, lt=1)
    """Decay of the moving average of the painting generator's weights."""


def fit(settings: CycleGAN, examples: Sequence[Example], fit: Fit) -> Fitted:
    """Return the generator fitted to photos and label images; which belongs to which is not used.

    Raises:
        ValueError: if the training diverges.
    """
    from cellarena.synthesis.generators.cyclegan.learner import UnpairedLearner
    from cellarena.synthesis.networks.fitting import learn

    learner = UnpairedLearner(settings, examples, fit)
    losses = learn(learner, fit)
    return Fitted(learner.weights(), learner.styles.facts, losses)


def load(settings: CycleGAN, weights: "Mapping[str, Tensor]", facts: Mapping[str, Any], device: str) -> Painter:
    """Return the painter that `fit` made.

    Raises:
        ValueError: if weights, facts and settings do not fit each other.
    """
    from cellarena.synthesis.generators.cyclegan.painter import StyledPainter, generator_of
    from cellarena.synthesis.networks.stored import fill
    from cellarena.synthesis.networks.styles import Styles

    styles = Styles.restored(weights, facts)
    network = generator_of(settings, styles)
    fill(network, weights, "generator")
    return StyledPainter(network.to(device).eval(), styles)


GENERATORS.register("cyclegan")(GeneratorSpec(CycleGAN, fit, load))
