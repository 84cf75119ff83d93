"""Is a synthetic image a copy of a training image? Compared with how like training images unseen real ones are."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cellarena.evaluation.quality.estimates import Values

SIDE = 48
"""Of the reduced crops that are laid over each other, in pixels."""
SHORTLIST = 20
"""Training crops that a crop is laid over: features of a turned copy are near those of its original, not the same."""
QUANTILE = 0.99
"""Of real images' likeness to training images: what is more alike passes for memorised."""
FEWEST = 20
"""Crops of unseen real images; the most alike of fewer say nothing of what is rare among real images."""


@dataclass(frozen=True)
class Nearest:
    """The training crop that a crop is most like.

    Attributes:
        index: of the training crop.
        likeness: their largest normalised correlation, in [-1, 1].
    """

    index: int
    likeness: float


def thumbnail(crop: npt.NDArray[np.uint8]) -> Values:
    """Return a crop's grey values reduced to SIDE x SIDE by area, with mean 0 and norm 1; all 0 if it is flat.

    Args:
        crop: (H, W, 3).
    """
    from PIL import Image as Pillow

    grey = Pillow.fromarray(crop.mean(axis=2).astype(np.float32))
    small = np.asarray(grey.resize((SIDE, SIDE), Pillow.Resampling.BOX), np.float64)
    centred = small - small.mean()
    norm = float(np.linalg.norm(centred))
    return centred / norm if norm > 1e-3 * SIDE else np.zeros_like(centred)


def likeness(one: Values, others: Values) -> Values:
    """Return the largest correlation of a thumbnail with others, over all turns by 90 degrees, mirrorings and shifts.

    What is shifted out on one side comes in on the other.

    Args:
        one: (SIDE, SIDE) as from `thumbnail`.
        others: (n, SIDE, SIDE).

    Returns:
        (n) in [-1, 1].
    """
    poses = np.stack([np.rot90(face, k) for face in (one, one.T) for k in range(4)])
    spectra = np.fft.rfft2(poses)[:, None] * np.conj(np.fft.rfft2(others))
    correlation = np.fft.irfft2(spectra, s=one.shape)
    return np.asarray(correlation.max(axis=(0, 2, 3)))


def nearest_training_crops(
    features: Values, thumbnails: Values, train_features: Values, train_thumbnails: Values
) -> list[Nearest]:
    """Return for each crop the training crop that it is most like, of the SHORTLIST whose features are nearest.

    Args:
        features: (n, d), pooled over space and so the same wherever a structure lies.
        thumbnails: (n, SIDE, SIDE).
        train_features: (m, d), m at least 1.
        train_thumbnails: (m, SIDE, SIDE).
    """
    from scipy.spatial import KDTree

    ranks = np.arange(1, min(SHORTLIST, len(train_features)) + 1)
    shortlists = np.asarray(KDTree(train_features).query(features, k=ranks)[1])
    found = []
    for own, candidates in zip(thumbnails, shortlists, strict=True):
        alike = likeness(own, train_thumbnails[candidates])
        best = int(alike.argmax())
        found.append(Nearest(int(candidates[best]), float(alike[best])))
    return found


def memorised(likenesses: Sequence[float], real: Sequence[float]) -> npt.NDArray[np.float64]:
    """Return 1 for each crop that is more like a training crop than 99 % of real unseen crops are, else 0.

    Args:
        likenesses: of synthetic crops.
        real: of crops that the generator never saw; with less than FEWEST nothing can be told, and all are NaN.
    """
    if len(real) < FEWEST:
        return np.full(len(likenesses), np.nan)
    return (np.asarray(likenesses) > np.quantile(real, QUANTILE)).astype(np.float64)
