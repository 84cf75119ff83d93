"""Background, interior and boundary: the challenge's target, decoded so that an object keeps its boundary."""

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from cellarena.images.io import LabelImage
from cellarena.images.labels import boundary_band, consecutive, without_small
from cellarena.targets.decoding import hilltops, with_unseeded
from cellarena.targets.memoised import memoised
from cellarena.targets.spec import TARGETS, Target

if TYPE_CHECKING:
    from torch import Tensor

BACKGROUND, INTERIOR, BOUNDARY = 0, 1, 2
_SMOOTHING = 1.0
_NARROWEST = 1e-3


@TARGETS.register("three_class")
class ThreeClass(Target):
    """Each pixel is background (0), interior (1) or boundary (2) of an object."""

    n_channels: ClassVar[int] = 3
    channels: ClassVar[tuple[str, ...]] = ("background", "interior", "boundary")
    choices: ClassVar[dict[str, tuple[float, ...]]] = {
        "seed": (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
        "waist": (0.3, 0.6, 0.75, 0.85),
        "foreground": (0.3, 0.4, 0.5, 0.6, 0.7, 0.8),
        "seed_size": (4, 12, 24),
        "min_size": (10, 20, 40, 80),
    }

    boundary: int = Field(ge=1, le=10)
    """Thickness in pixels of the ring inside an object that counts as its boundary."""
    seed: float = Field(gt=0, lt=1)
    """Interior probability above which a pixel belongs to the seed of an object."""
    waist: float = Field(gt=0, lt=1)
    """A seed is cut where it is narrower than this share of the narrower of the two sides: objects that touch leave
    a waist even where no boundary was seen between them."""
    foreground: float = Field(gt=0, lt=1)
    """Interior plus boundary probability above which a pixel belongs to some object."""
    seed_size: int = Field(ge=1)
    """Seeds with fewer pixels are ignored: noise inside an object would split it."""
    min_size: int = Field(ge=1)
    """Objects with fewer pixels are dropped."""

    def encode(self, labels: LabelImage) -> npt.NDArray[np.uint8]:
        """Return the (H, W) classes of a label image: boundary lies inside objects, every object keeps an interior."""
        numbered = consecutive(labels)
        classes = np.where(numbered > 0, INTERIOR, BACKGROUND).astype(np.uint8)
        rest = np.where(boundary_band(numbered, self.boundary), 0, numbered)
        classes[(numbered > 0) & (rest == 0)] = BOUNDARY
        left = np.bincount(rest.ravel(), minlength=int(numbered.max(initial=0)) + 1)
        thin = left == 0
        thin[0] = False
        classes[_central_pixels(np.where(thin[numbered], numbered, 0))] = INTERIOR
        return classes

    def true_classes(self, labels: LabelImage) -> npt.NDArray[np.uint8]:
        """Return what `encode` does."""
        return self.encode(labels)

    def loss(self, output: "Tensor", target: "Tensor") -> "Tensor":
        """Return soft Dice of interior and boundary plus cross entropy; `target` is (B, H, W) integer classes."""
        from monai.losses import DiceCELoss

        criterion = DiceCELoss(softmax=True, to_onehot_y=True, include_background=False, batch=True)
        value: Tensor = criterion(output, target.unsqueeze(1))
        return value

    def activate(self, output: "Tensor") -> "Tensor":
        """Return class probabilities."""
        return output.softmax(dim=1)

    def probabilities(self, activated: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return the activated output, made to sum to 1 where the mean over tiles is off by rounding."""
        return activated / activated.sum(axis=0)

    def decode(self, activated: npt.NDArray[np.float32]) -> npt.NDArray[np.uint32]:
        """Return objects grown from interior seeds by watershed into interior and boundary.

        Seeds are connected pieces of interior, cut at their waists. A piece of foreground without any seed is an
        object of its own: small ones have hardly an interior.
        """
        from scipy import ndimage
        from skimage.segmentation import watershed

        interior, boundary = activated[INTERIOR], activated[BOUNDARY]
        foreground = interior + boundary > self.foreground
        seeds = without_small(_cut_at_waists(interior > self.seed, self.waist), self.seed_size)
        seeds = with_unseeded(seeds, ndimage.label(foreground)[0])
        objects = watershed(-interior, seeds, mask=foreground | (seeds > 0))
        return consecutive(without_small(objects, self.min_size))


@memoised
def _cut_at_waists(inside: npt.NDArray[np.bool_], waist: float) -> npt.NDArray[Any]:
    """Return the numbered pieces of a region, those apart that hang together by less than the waist allows."""
    from scipy import ndimage
    from skimage.segmentation import watershed

    if inside.all():
        return np.ones(inside.shape, np.int32)
    # Half the width of a piece at each of its pixels, without the single steps of its outline.
    width = ndimage.gaussian_filter(ndimage.distance_transform_edt(inside), _SMOOTHING) * inside
    # On a logarithm a share is a difference.
    height = np.log(np.maximum(width, _NARROWEST))
    return np.asarray(watershed(-width, hilltops(height, -np.log(waist), inside), mask=inside))


def _central_pixels(labels: LabelImage) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return row and column of each object's pixel nearest to its centre of mass; objects without interior get it."""
    rows, columns = np.nonzero(labels)
    owners = labels[rows, columns]
    sizes = np.maximum(np.bincount(owners), 1)
    centres = [np.bincount(owners, weights=where) / sizes for where in (rows, columns)]
    away = (rows - centres[0][owners]) ** 2 + (columns - centres[1][owners]) ** 2
    # A stable order: of pixels equally near the first in reading order comes first, as is each object's first.
    order = np.lexsort((away, owners))
    _, first = np.unique(owners[order], return_index=True)
    nearest = order[first]
    return rows[nearest], columns[nearest]
