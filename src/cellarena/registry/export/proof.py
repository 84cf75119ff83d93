"""Whether an exported network is the network: the same outputs, and the same objects."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cellarena.faults import IntegrityError
from cellarena.images.io import read_image
from cellarena.registry.packages.proof import VALIDATION

if TYPE_CHECKING:
    from torch import Tensor

    from cellarena.registry.export.portable import Portable, Runner

_LARGEST = 1e-3
"""Difference of probabilities that the arithmetic of another program may make."""
_SAME = 0.95
"""IoU from which two objects are the same: rounding moves single pixels of outlines."""


class Proof(NamedTuple):
    """What was found of an exported network.

    Attributes:
        difference: the largest of any output, of all that was compared.
        n_crops: crops of validation images that were segmented by both.
        n_objects: that both found in them.
        any_size: whether it takes images of other sizes than its own tile.
    """

    difference: float
    n_crops: int
    n_objects: int
    any_size: bool

    def __str__(self) -> str:
        sizes = "any size that fits" if self.any_size else "one size only"
        return (
            f"outputs differ from the network's by at most {self.difference:.1e}; {self.n_objects} objects in "
            f"{self.n_crops} validation crops are the same; takes {sizes}"
        )


def prove(portable: "Portable", runner: "Runner", what: str) -> Proof:
    """Compare a network that was read back from its file with the network itself, on noise and on validation crops.

    Raises:
        IntegrityError: if outputs differ by more than rounding, or objects do; it names the file, `what`.
    """
    own = portable.tiles.size
    differences = [_difference(portable, runner, 1, *own)]
    any_size = takes_any_size(portable, runner)
    n_objects, crops = 0, sorted((portable.folder / VALIDATION).glob("*.png"))
    for path in crops:
        difference, n_same = _compare_objects(portable, runner, path.name, read_image(path), what)
        differences.append(difference)
        n_objects += n_same
    if not max(differences) <= _LARGEST:
        raise IntegrityError(
            f"{what}: outputs differ from the network's by {max(differences):.1e}, allowed are {_LARGEST:.0e}; "
            f"{portable.title} cannot be exported to this format"
        )
    return Proof(max(differences), len(crops), n_objects, any_size)


def takes_any_size(portable: "Portable", runner: "Runner") -> bool:
    """Return whether an exported network is the network for two images of another size than its tile, too."""
    height, width = portable.tiles.size
    try:
        return _difference(portable, runner, 2, height, width + portable.multiple) <= _LARGEST
    except Exception:  # noqa: BLE001  # each runtime refuses a wrong size in its own way
        return False


def _difference(portable: "Portable", runner: "Runner", n_images: int, height: int, width: int) -> float:
    pixels = portable.example(n_images, height, width).numpy()
    expected, found = portable.run(pixels), runner(pixels)
    if expected.shape != found.shape:
        return float("inf")
    return float(np.abs(expected - found).max())


def _compare_objects(
    portable: "Portable", runner: "Runner", name: str, image: np.ndarray, what: str
) -> tuple[float, int]:
    """Return how far the outputs for an image differ, and how many objects both find in it."""
    from cellarena.evaluation.matching import iou_pairs, match

    expected, found = _output(portable, portable.run, image), _output(portable, runner, image)
    pairs = iou_pairs(portable.target.decode(expected), portable.target.decode(found))
    n_same = match(pairs, _SAME).tp
    if not n_same == pairs.n_true == pairs.n_pred:
        raise IntegrityError(
            f"{what}: finds {pairs.n_pred} objects in {name}, the network {pairs.n_true}; {n_same} are the same"
        )
    return float(np.abs(expected - found).max()), n_same


def _output(portable: "Portable", runner: "Runner", image: np.ndarray) -> np.ndarray:
    """Return the activated output for a whole image, tile by tile as the project itself predicts."""
    import torch
    from torch import nn

    from cellarena.images.intensity import NORMALISATIONS
    from cellarena.learning.predict import tiled

    class _Exported(nn.Module):
        """A runner in the place of a network; the parameter tells its device."""

        def __init__(self) -> None:
            super().__init__()
            self.device = nn.Parameter(torch.zeros(1))

        def forward(self, images: "Tensor") -> "Tensor":
            return torch.from_numpy(runner(images.numpy()))

    pixels = NORMALISATIONS[portable.tiles.normalisation](image)(image.astype(np.float32))
    return tiled(_Exported().eval(), torch.nn.Identity(), pixels, portable.tiles)
