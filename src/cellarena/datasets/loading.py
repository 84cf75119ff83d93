"""Training crops: which image, where, and how it is varied, each derived from the crop's number alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cellarena.images.labels import consecutive
from cellarena.seeds import digest, generator
from cellarena.targets.spec import Target

if TYPE_CHECKING:
    from monai.transforms import Compose
    from torch import Tensor

# A rotated square needs sqrt(2) times its side, and zooming out 1.4 times more.
_MARGIN = 2.0


@dataclass(frozen=True)
class Annotated:
    """An image in memory: (H, W, 3) uint8, its (H, W) labels, and the modality that sampling balances."""

    image: npt.NDArray[np.uint8]
    labels: npt.NDArray[Any]
    modality: str


def augmentation(crop: int) -> "Compose":
    """Return MONAI's random transforms: rotation, flip and scale in one resampling, then intensity changes.

    They map a dictionary of `image` (3, S, S) float32 in [0, 1] and `labels` (1, S, S) float32 to crops of side `crop`.
    """
    from monai.transforms import (
        Compose,
        RandAdjustContrastd,
        RandAffined,
        RandFlipd,
        RandGaussianNoised,
        RandGaussianSmoothd,
        RandLambdad,
        RandScaleIntensityd,
        RandShiftIntensityd,
    )

    both = ("image", "labels")
    return Compose([
        RandAffined(
            both, prob=1, rotate_range=np.pi, scale_range=(-0.4, 0.4), spatial_size=(crop, crop),
            mode=("bilinear", "nearest"), padding_mode="reflection",
        ),
        RandFlipd(both, prob=0.5, spatial_axis=0),
        RandAdjustContrastd("image", prob=0.3, gamma=(0.6, 1.6)),
        RandScaleIntensityd("image", factors=0.25, prob=0.3),
        RandShiftIntensityd("image", offsets=0.1, prob=0.3),
        RandGaussianSmoothd("image", sigma_x=(0.3, 1.2), sigma_y=(0.3, 1.2), prob=0.15),
        RandGaussianNoised("image", prob=0.2, std=0.06),
        RandLambdad("image", func=_inverted, prob=0.1),
    ])  # fmt: skip


def _inverted(image: "Tensor") -> "Tensor":
    return 1 - image


class Crops:
    """A map-style data set of endless training crops; item i depends on seed and i only.

    Args:
        images: the annotated images of the train subset, not empty.
        target: what labels are encoded to.
        crop: side of a crop in pixels.
        seed: the run's seed.
    """

    def __init__(self, images: Sequence[Annotated], target: Target, crop: int, seed: int) -> None:
        self._images = images
        self._target = target
        self._crop = crop
        self._seed = seed
        self._weights = _balanced([annotated.modality for annotated in images])
        self._augment = augmentation(crop)

    def __getitem__(self, index: int) -> "tuple[Tensor, Tensor]":
        """Return image (3, crop, crop) float32 and the encoded target of crop number `index`."""
        import torch

        rng = generator(self._seed, "crop", index)
        annotated = self._images[rng.choice(len(self._images), p=self._weights)]
        image, labels = _window(annotated, int(self._crop * _MARGIN), rng)
        self._augment.set_random_state(digest(self._seed, "augment", index) % 2**32)
        varied = self._augment({"image": image, "labels": labels})
        encoded = self._target.encode(varied["labels"].numpy()[0].astype(np.int32))
        return varied["image"].as_tensor().clamp(0, 1), torch.from_numpy(encoded)


def _balanced(modalities: Sequence[str]) -> npt.NDArray[np.float64]:
    """Return the probability of each image: a modality is drawn by the square root of its share."""
    _, inverse, counts = np.unique(np.asarray(modalities), return_inverse=True, return_counts=True)
    weights = 1 / np.sqrt(counts[inverse])
    normalised: npt.NDArray[np.float64] = weights / weights.sum()
    return normalised


def _window(
    annotated: Annotated, side: int, rng: np.random.Generator
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return a square window around a random point, mirrored at the image's edge: (3, S, S) and (1, S, S)."""
    rows, columns = (_mirrored(int(rng.integers(n)) - side // 2 + np.arange(side), n) for n in annotated.labels.shape)
    image = annotated.image[np.ix_(rows, columns)].astype(np.float32) / np.float32(255)
    labels = consecutive(annotated.labels[np.ix_(rows, columns)]).astype(np.float32)
    return np.moveaxis(image, -1, 0), labels[None]


def _mirrored(positions: npt.NDArray[np.int64], n: int) -> npt.NDArray[np.int64]:
    """Return positions folded back into [0, n), the edge pixel repeated."""
    folded = positions % (2 * n)
    return np.where(folded < n, folded, 2 * n - 1 - folded)


class StepSampler:
    """Crop numbers of one epoch; Lightning calls `set_epoch`, so that a resumed run goes on with unseen crops."""

    def __init__(self, n_crops: int) -> None:
        self._n_crops = n_crops
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose crops come next."""
        self._epoch = epoch

    def __iter__(self) -> Iterator[int]:
        first = self._epoch * self._n_crops
        return iter(range(first, first + self._n_crops))

    def __len__(self) -> int:
        return self._n_crops
