"""Label-conditioned diffusion (Ho et al., NeurIPS 2020, arXiv 2006.11239) with MONAI's network; made for a GPU."""

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


class Diffusion(GeneratorSettings):
    """Settings of the diffusion generator."""

    width: int = Field(ge=8, le=512, multiple_of=8)
    """Channels of the first level; every further level has twice as many, up to four times."""
    levels: int = Field(ge=2, le=6)
    """How many resolutions there are; the coarsest has attention."""
    crop: int = Field(ge=32, multiple_of=32)
    """Side in pixels of a training crop, and of a tile when an image is painted."""
    batch_size: int = Field(ge=1)
    learning_rate: float = Field(gt=0, le=0.1)
    """Reached after a fiftieth of the steps."""
    average: float = Field(ge=0, lt=1)
    """Decay of the moving average of the weights, which is what paints."""
    sampling_steps: int = Field(ge=1, le=1000)
    """Calls of the network for a painting."""
    overlap: float = Field(ge=0, le=0.9)
    """Share of a tile's side that neighbours have in common."""


def fit(settings: Diffusion, examples: Sequence[Example], fit: Fit) -> Fitted:
    """Return the network fitted to take noise away from images whose label images it sees.

    Raises:
        ValueError: if the training diverges.
    """
    from cellarena.synthesis.generators.diffusion.learner import DenoisingLearner
    from cellarena.synthesis.networks.fitting import learn

    learner = DenoisingLearner(settings, examples, fit)
    losses = learn(learner, fit)
    return Fitted(learner.weights(), learner.styles.facts, losses)


def load(settings: Diffusion, weights: "Mapping[str, Tensor]", facts: Mapping[str, Any], device: str) -> Painter:
    """Return the painter that `fit` made.

    Raises:
        ValueError: if weights, facts and settings do not fit each other.
    """
    from cellarena.synthesis.generators.diffusion.learner import DenoisingPainter, network_of
    from cellarena.synthesis.networks.stored import fill
    from cellarena.synthesis.networks.styles import Styles

    styles = Styles.restored(weights, facts)
    network = network_of(settings, styles)
    fill(network, weights, "network")
    return DenoisingPainter(network.to(device).eval(), styles, settings)


GENERATORS.register("diffusion")(GeneratorSpec(Diffusion, fit, load))
