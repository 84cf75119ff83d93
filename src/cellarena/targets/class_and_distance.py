"""Classes with room for doubt and a distance: MAUNet's target (team saltfish, NeurIPS 2022 cell challenge)."""

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from cellarena.images.io import LabelImage
from cellarena.images.labels import consecutive, inner_boundary, without_small
from cellarena.targets.decoding import hilltops, with_unseeded
from cellarena.targets.memoised import memoised
from cellarena.targets.spec import TARGETS, Target

if TYPE_CHECKING:
    from torch import Tensor

BACKGROUND, INTERIOR, BOUNDARY, ABSTAIN, DISTANCE = range(5)
_N_TAUGHT = 3
# The standard deviation of a Gaussian as wide as an object's side in OpenCV's rule, by which the original smooths.
_SMOOTHING = 0.15


@TARGETS.register("class_and_distance")
class ClassAndDistance(Target):
    """Background, interior and boundary, a fourth class that nothing teaches, and how deep in its object a pixel lies.

    Probability that the network puts on the fourth class is taken from the other three: where annotations are
    ambiguous it may abstain at less cost than a wrong class has.
    """

    n_channels: ClassVar[int] = 5
    channels: ClassVar[tuple[str, ...]] = ("background", "interior", "boundary", "abstain", "distance")
    choices: ClassVar[dict[str, tuple[float, ...]]] = {
        "seed": (0.3, 0.4, 0.5, 0.6, 0.7),
        "foreground": (0.3, 0.4, 0.5, 0.6, 0.7, 0.8),
        "contrast": (0.02, 0.05, 0.1),
        "min_size": (10, 20, 40, 80),
    }

    boundary: float = Field(gt=0, le=1)
    """Thickness of an object's boundary, as a share of the square root of its area, beyond the outermost pixel."""
    distance_weight: float = Field(ge=0)
    """What the loss of the distance is multiplied by before it is added to that of the classes."""
    seed: float = Field(gt=0, lt=1)
    """Interior probability above which a pixel may belong to a seed."""
    contrast: float = Field(gt=0, lt=1)
    """How far the distance falls between two objects; shallower valleys do not separate seeds."""
    foreground: float = Field(gt=0, lt=1)
    """One minus background probability above which a pixel belongs to some object."""
    seed_size: int = Field(ge=1)
    """Pieces of interior with fewer pixels are no seeds."""
    min_size: int = Field(ge=1)
    """Objects with fewer pixels are dropped."""
    min_share: float = Field(ge=0, lt=1)
    """Objects smaller than this share of the image's mean object are dropped."""

    def encode(self, labels: LabelImage) -> npt.NDArray[np.float32]:
        """Return (2, H, W): the classes 0, 1 and 2, and the distance.

        The boundary is ceil(`boundary` x sqrt(area)) pixels thicker than the object's outermost pixels, lies inside
        it, and leaves every object an interior. The distance is 1 / (1 + (D_max - D) / sqrt(area)) inside an object
        and 0 outside, where D is how far a pixel is from the nearest one that is no interior: 1 where the object is
        deepest.
        """
        numbered = consecutive(labels)
        areas = np.bincount(numbered.ravel()).astype(np.float64)
        areas[0] = 0
        interior = _interior(numbered, np.ceil(self.boundary * np.sqrt(areas)))
        depth = _distance_to_outside(interior)
        fall = (_maxima(depth, numbered) - depth) / np.sqrt(np.maximum(areas, 1))[numbered]
        inside = numbered > 0
        classes = np.where(interior, INTERIOR, np.where(inside, BOUNDARY, BACKGROUND))
        return np.stack([classes, np.where(inside, 1 / (1 + fall), 0)]).astype(np.float32)

    def true_classes(self, labels: LabelImage) -> npt.NDArray[np.uint8]:
        """Return the classes of `encode` without the distance."""
        return self.encode(labels)[0].astype(np.uint8)

    def loss(self, output: "Tensor", target: "Tensor") -> "Tensor":
        """Return soft Dice plus focal loss of the three taught classes plus the weighted L1 of the distance.

        The probabilities come from a softmax over all four classes. The L1 is the mean over objects plus the mean
        over background, so that neither drowns the other. `target` is (B, 2, H, W).
        """
        import torch
        from monai.losses import DiceFocalLoss
        from torch.nn import functional

        output, classes, truth = output.float(), target[:, 0].long(), target[:, 1]
        one_hot = functional.one_hot(classes, _N_TAUGHT).movedim(-1, 1)
        # The sigmoid of a class's log odds against all others is its softmax probability.
        odds = [
            output[:, c] - output[:, [k for k in range(DISTANCE) if k != c]].logsumexp(dim=1) for c in range(_N_TAUGHT)
        ]
        value: Tensor = DiceFocalLoss(sigmoid=True, batch=True)(torch.stack(odds, dim=1), one_hot)
        error, inside = (output[:, DISTANCE] - truth).abs(), classes != BACKGROUND
        sides = [(error * side).sum() / side.sum().clamp(min=1) for side in (inside, ~inside)]
        return value + self.distance_weight * sum(sides)

    def activate(self, output: "Tensor") -> "Tensor":
        """Return four class probabilities and the distance in [0, 1]."""
        import torch

        return torch.cat([output[:, :DISTANCE].softmax(dim=1), output[:, DISTANCE:].clamp(0, 1)], dim=1)

    def probabilities(self, activated: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return the probabilities of the three taught classes, given that the network does not abstain.

        A network that abstains wholly says nothing about the three: each gets a third.
        """
        taught = np.maximum(activated[:_N_TAUGHT], np.finfo(np.float32).tiny)
        return taught / taught.sum(axis=0)

    def decode(self, activated: npt.NDArray[np.float32]) -> npt.NDArray[np.uint32]:
        """Return objects grown from the peaks of the distance into all that is not background.

        Peaks are sought where the interior is likely, in a distance smoothed by the size of the image's objects; a
        piece of interior or foreground without a peak is an object of its own. Growing to where background begins
        gives objects back the boundary that keeps their interiors apart.
        """
        from scipy import ndimage
        from skimage.segmentation import watershed

        interior = without_small(ndimage.label(activated[INTERIOR] > self.seed)[0], self.seed_size)
        side = np.sqrt(np.count_nonzero(interior) / max(1, len(np.unique(interior)) - 1))
        height = ndimage.gaussian_filter(activated[DISTANCE], _SMOOTHING * side)
        foreground = (1 - activated[BACKGROUND] > self.foreground) | (interior > 0)
        seeds = _peaks(np.where(interior > 0, height, 0), self.contrast)
        for pieces in (interior, ndimage.label(foreground)[0]):
            seeds = with_unseeded(seeds, pieces)
        objects = watershed(-height, seeds, mask=foreground)
        sizes = np.bincount(objects.ravel())[1:]
        mean = sizes.mean() if sizes.size else 0
        return consecutive(without_small(objects, max(self.min_size, self.min_share * mean)))


def _interior(numbered: LabelImage, thickness: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Return the pixels farther from their object's outermost ones than its thickness; the deepest where none is."""
    depth = _distance_to_outside(~inner_boundary(numbered))
    interior = (numbered > 0) & (depth > thickness[numbered])
    found = np.bincount(numbered.ravel(), weights=interior.ravel()) > 0
    deepest = (numbered > 0) & (depth == _maxima(depth, numbered))
    return np.where(found[numbered], interior, deepest)


def _distance_to_outside(inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Return how far each pixel is from the nearest one outside; a constant above every distance if there is none."""
    from scipy import ndimage

    if inside.all():
        return np.full(inside.shape, float(sum(inside.shape)))
    distance: npt.NDArray[np.float64] = ndimage.distance_transform_edt(inside)
    return distance


def _maxima(values: npt.NDArray[np.float64], numbered: LabelImage) -> npt.NDArray[np.float64]:
    """Return at each pixel the largest value in its object."""
    maxima = np.zeros(int(numbered.max(initial=0)) + 1)
    np.maximum.at(maxima, numbered, values)
    return maxima[numbered]


@memoised
def _peaks(height: npt.NDArray[np.float32], contrast: float) -> npt.NDArray[Any]:
    return hilltops(height, contrast, height > 0)
