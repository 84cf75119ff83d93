"""What is exported: a release's network with its activation, and all that is to be known to use it elsewhere."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from cellarena.learning.ensemble_checkpoints import Ensemble, load_checkpoint
from cellarena.learning.method_checkpoints import Method
from cellarena.learning.predict import Tiles
from cellarena.learning.recipe import Inference
from cellarena.models.spec import MODELS
from cellarena.registry.packages import Package, refuse_changed
from cellarena.targets.spec import Target

if TYPE_CHECKING:
    from cellarena.learning.checkpoints import Model

Pixels = npt.NDArray[np.float32]
Runner = Callable[[Pixels], Pixels]
"""From normalised pixels (B, 3, H, W) to the activated output (B, n_channels, H, W)."""


class Activated(nn.Module):
    """A network whose output is activated: probabilities and distances, not logits."""

    def __init__(self, network: nn.Module, activate: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.network = network
        self.activate = activate

    def forward(self, image: Tensor) -> Tensor:
        """Return (B, n_channels, H, W) for normalised pixels (B, 3, H, W)."""
        return self.activate(self.network(image))


class Name(NamedTuple):
    """How a release is called.

    Attributes:
        name: of the artifact, or of the run where a folder is exported.
        version: such as v1.2.0; "" where a folder is exported.
        created: when it was released, or packed.
        authors: of the model.
    """

    name: str
    version: str
    created: datetime
    authors: tuple[str, ...]


@dataclass(frozen=True)
class Portable:
    """A release as the formats need it.

    Attributes:
        called: its name, version, date and authors.
        folder: of its package.
        package: content of package.json.
        model: what its checkpoint holds.
        network: the model's, in evaluation mode on the CPU, its output activated.
    """

    called: Name
    folder: Path
    package: Package
    model: "Model"
    network: Activated

    @property
    def title(self) -> str:
        """Name and version."""
        return f"{self.called.name} {self.called.version}".strip()

    @property
    def target(self) -> Target:
        """How the output becomes objects."""
        return self.model.target

    @property
    def multiple(self) -> int:
        """What height and width of the input are a multiple of."""
        return MODELS[self.model.card["model"]].multiple

    @property
    def tiles(self) -> Tiles:
        """How the network sees an image: one tile of its own size after the other, 32 bits."""
        tile = int(self.model.card.get("inference", {}).get("tile", 256))
        settings = Inference(tile=tile, overlap=0.25, batch_size=1, precision="32-true", mirror=False)
        return Tiles.of(self.model.hyperparameters, settings)

    def example(self, n_images: int, height: int, width: int) -> Tensor:
        """Return the same noise in [0, 1) for the same shape."""
        return torch.rand(n_images, 3, height, width, generator=torch.Generator().manual_seed(0))

    def run(self, pixels: Pixels) -> Pixels:
        """Return what the network itself puts out; see `Runner`."""
        with torch.inference_mode():
            output: Pixels = self.network(torch.from_numpy(pixels)).numpy()
        return output


def portable(folder: Path, package: Package, called: Name) -> Portable:
    """Return what a package's folder holds.

    Args:
        folder: of the package; every file's hash is checked.
        package: content of its package.json.
        called: name, version, date and authors.

    Raises:
        FileNotFoundError: if a file is missing.
        ValueError: if a file is damaged, or it holds an ensemble: formats know single networks.
        IntegrityError: if a file is not the one that was packed.
    """
    refuse_changed(package, folder)
    loaded = load_checkpoint(folder / package.checkpoint, "cpu")
    if isinstance(loaded, Ensemble):
        raise ValueError(
            f"{called.name}: is an ensemble, and formats hold one network; export its members "
            f"{', '.join(sorted(loaded.members))}, each for itself"
        )
    if isinstance(loaded, Method):
        raise ValueError(f"{called.name}: is a method without a network, and formats hold a network")
    network = Activated(loaded.network, loaded.target.activate).eval().requires_grad_(False)
    return Portable(called, folder, package, loaded, network)


def settings_of(model: "Model") -> dict[str, Any]:
    """Return what another program must know of a model: its normalisation and its decoding."""
    return {
        "percentiles": model.card.get("normalisation", {}),
        "normalisation": model.hyperparameters.normalisation,
        "target": model.card["target"],
        "decoding": model.target.model_dump(mode="json"),
    }
