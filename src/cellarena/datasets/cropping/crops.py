"""Training crops: which image, where, and how it is varied, each derived from the crop's number alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cellarena.datasets.cropping.augmentations import AUGMENTATIONS
from cellarena.images.intensity import NORMALISATIONS
from cellarena.images.labels import consecutive
from cellarena.seeds import digest, generator
from cellarena.targets.spec import UNTAUGHT, Target

if TYPE_CHECKING:
    from torch import Tensor

# A rotated square needs sqrt(2) times its side, and zooming out 1.4 times more.
_MARGIN = 2.0


@dataclass(frozen=True)
class Annotated:
    """An image in memory."""

    image: npt.NDArray[np.uint8]  # (H, W, 3)
    labels: npt.NDArray[Any]  # (H, W) label image
    modality: str  # that sampling balances
    ignored: npt.NDArray[np.bool_] | None = None  # (H, W), where nobody annotated; None if all of it was


@dataclass(frozen=True)
class Cropping:
    """How crops are taken."""

    size: tuple[int, int]  # height and width (px)
    augmentation: str  # name in `AUGMENTATIONS`
    normalisation: str  # name in `NORMALISATIONS`
    foreground: float  # share of the crops that are centred on a pixel of an object


class Crops:
    """A map-style data set of endless training crops; item i depends on seed and i only."""

    def __init__(self, images: Sequence[Annotated], target: Target, cropping: Cropping, seed: int) -> None:
        from monai.data import set_track_meta

        # Nobody asks where a crop came from, and following it takes a third of the time.
        set_track_meta(False)
        self._images = images
        self._target = target
        self._cropping = cropping
        self._seed = seed
        self._weights = _balanced([annotated.modality for annotated in images])
        self._augment = AUGMENTATIONS[cropping.augmentation](cropping.size)
        self._rescalings = [NORMALISATIONS[cropping.normalisation](annotated.image) for annotated in images]

    def __getitem__(self, index: int) -> "tuple[Tensor, Tensor]":
        """Return image (3, height, width) float32 and the encoded target of crop number `index`.

        Where nobody annotated the target is `UNTAUGHT`.
        """
        import torch

        rng = generator(self._seed, "crop", index)
        which = rng.choice(len(self._images), p=self._weights)
        annotated = self._images[which]
        height, width = self._cropping.size
        wanted = annotated.labels if rng.random() < self._cropping.foreground else np.zeros(0)
        centre = _centre(annotated, np.flatnonzero(wanted), rng)
        image, labels = _window(annotated, centre, (int(height * _MARGIN), int(width * _MARGIN)))
        self._augment.set_random_state(digest(self._seed, "augment", index) % 2**32)
        rescaled = np.moveaxis(self._rescalings[which](image), -1, 0)
        varied = self._augment({"image": rescaled, "labels": labels})
        numbers, *ignored = varied["labels"].numpy()
        encoded = self._target.encode(numbers.astype(np.int32))
        if ignored:
            encoded[..., ignored[0] > 0] = UNTAUGHT
        return torch.as_tensor(varied["image"]), torch.from_numpy(encoded)


def _balanced(modalities: Sequence[str]) -> npt.NDArray[np.float64]:
    """Return the probability of each image: a modality is drawn by the square root of its share."""
    _, inverse, counts = np.unique(np.asarray(modalities), return_inverse=True, return_counts=True)
    weights = 1 / np.sqrt(counts[inverse])
    return np.asarray(weights / weights.sum())


def _centre(annotated: Annotated, places: npt.NDArray[np.intp], rng: np.random.Generator) -> tuple[int, int]:
    """Return a random one of these places; without any, one that somebody annotated, or else any pixel."""
    height, width = annotated.labels.shape
    if not places.size and annotated.ignored is not None:
        places = np.flatnonzero(~annotated.ignored)
    if not places.size:
        return int(rng.integers(height)), int(rng.integers(width))
    row, column = divmod(int(rng.choice(places)), width)
    return row, column


def _window(
    annotated: Annotated, centre: tuple[int, int], size: tuple[int, int]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return the window around a point, mirrored at the image's edge: (H, W, 3) in 0..255 and the labels, (1, H, W).

    Where something was not annotated the labels are (2, H, W), so that all that moves them moves that too: above 0 in
    the second channel.
    """
    rows, columns = (
        _mirrored(point - side // 2 + np.arange(side), n)
        for point, side, n in zip(centre, size, annotated.labels.shape, strict=True)
    )
    image = annotated.image[np.ix_(rows, columns)].astype(np.float32)
    labels = consecutive(annotated.labels[np.ix_(rows, columns)]).astype(np.float32)
    if annotated.ignored is None:
        return image, labels[None]
    return image, np.stack([labels, annotated.ignored[np.ix_(rows, columns)].astype(np.float32)])


def _mirrored(positions: npt.NDArray[np.int64], n: int) -> npt.NDArray[np.int64]:
    """Return positions folded back into [0, n), the edge pixel repeated."""
    folded = positions % (2 * n)
    return np.where(folded < n, folded, 2 * n - 1 - folded)


class StepSampler:
    """Crop numbers of one epoch; Lightning calls `set_epoch`, so that a resumed run goes on with unseen crops.

    Of several processes each, by its rank from 0, takes every n-th: the crops that they see together in a step are
    those that one alone would see. `n_crops` of an epoch is a multiple of `n_processes`.
    """

    def __init__(self, n_crops: int, rank: int = 0, n_processes: int = 1) -> None:
        self._n_crops = n_crops
        self._rank = rank
        self._n_processes = n_processes
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose crops come next."""
        self._epoch = epoch

    def __iter__(self) -> Iterator[int]:
        first = self._epoch * self._n_crops
        return iter(range(first + self._rank, first + self._n_crops, self._n_processes))

    def __len__(self) -> int:
        return self._n_crops // self._n_processes
