"""Near-duplicates: the same picture again, rescaled, recompressed, brightened, or the next frame of a time lapse."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.fft import dctn

from cellarena.datasets.splitting.splits import connected
from cellarena.images.picture import Image

SIDE = 32
BLOCK = 256
CORRELATION = 0.7
"""Frames of one time lapse have thumbnails that correlate at 0.72 to 0.96, unrelated fields of view at 0.63 at most
(609 images of BBBC038 and 48 of other microscopes); rescaled, recompressed or brightened copies at 0.97 or more."""


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """What an image is recognised by."""

    id: str  # of the record
    content: str  # sha256 of the image
    phash: int  # 63 bits; 0 if the image is constant
    thumbnail: npt.NDArray[np.float32]  # (32, 32), mean 0 and norm 1; all 0, and like none, if the image is constant


def fingerprint(record_id: str, content: str, image: Image) -> Fingerprint:
    """Return the fingerprint of an image, the same whatever the scale and offset of its intensities.

    The hash is the DCT-based perceptual hash (Zauner 2010, "Implementation and benchmarking of perceptual image hash
    functions"): of the 8 x 8 lowest frequencies of the 32 x 32 thumbnail, all but the mean, which lie above the median.

    Args:
        record_id: id of the record.
        content: sha256 of the image.
        image: (H, W) or (H, W, C) of any size and real type, without NaN; the mean of at most 3 channels counts.
    """
    grey = _area_average(image)
    centred = grey - grey.mean()
    norm = float(np.linalg.norm(centred))
    if norm <= 1e-9 * SIDE * float(np.abs(grey).max()):
        return Fingerprint(record_id, content, 0, np.zeros((SIDE, SIDE), np.float32))
    thumbnail = centred / norm
    # Rounded, so that coefficients that are zero but for the last digit tie on every machine.
    frequencies = np.round(dctn(thumbnail, norm="ortho")[:8, :8].ravel()[1:], 9)
    bits = frequencies > np.median(frequencies)
    phash = int("".join("1" if bit else "0" for bit in bits), 2)
    return Fingerprint(record_id, content, phash, thumbnail.astype(np.float32))


def near_duplicate_groups(
    fingerprints: Sequence[Fingerprint], distance: int, correlation: float = CORRELATION
) -> list[list[str]]:
    """Return the groups of two or more images that are the same content or near-duplicates of one another.

    Two images are near-duplicates if their hashes differ in at most `distance` bits and their thumbnails correlate:
    the hash alone groups dark images of sparse nuclei that have nothing in common. Groups are the connected
    components of that relation. Memory grows with the number of images and of pairs, not with its square.

    Args:
        fingerprints: of images with unique ids.
        distance: largest number of bits in which the hashes differ, of 63.
        correlation: smallest Pearson correlation of the thumbnails.

    Returns:
        Sorted ids of each group, the groups sorted.
    """
    if len(fingerprints) < 2:
        return []
    left, right = (np.concatenate(ends) for ends in zip(*_pairs(fingerprints, distance, correlation), strict=True))
    groups = connected(len(fingerprints), left, right)
    return sorted(sorted(fingerprints[number].id for number in group) for group in groups if len(group) > 1)


def near_duplicate_pairs(
    images: Sequence[Fingerprint], others: Sequence[Fingerprint], distance: int, correlation: float = CORRELATION
) -> list[tuple[str, str]]:
    """Return sorted ids (image, other) of which are the same content or near-duplicates, as in `near_duplicate_groups`.

    Ids are unique among the images and among the others.
    """
    if not images or not others:
        return []
    # Blocks of pairs (earlier, later) of both together; those across are (image, other).
    joined, n_images = [*images, *others], len(images)
    blocks = _pairs(joined, distance, correlation)
    across = ((i, j) for left, right in blocks for i, j in zip(left.tolist(), right.tolist(), strict=True))
    return sorted((joined[i].id, joined[j].id) for i, j in across if i < n_images <= j)


def _pairs(
    fingerprints: Sequence[Fingerprint], distance: int, correlation: float
) -> list[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    """Return blocks of index pairs (earlier, later) of images that belong together."""
    phashes = np.array([one.phash for one in fingerprints], np.uint64)
    thumbnails = np.stack([one.thumbnail.ravel() for one in fingerprints])
    contents = np.unique([one.content for one in fingerprints], return_inverse=True)[1]
    blocks = []
    for start in range(0, len(phashes), BLOCK):
        rows = slice(start, start + BLOCK)
        close = np.bitwise_count(phashes[rows, None] ^ phashes[None]) <= distance
        columns = np.flatnonzero(close.any(axis=0))
        close[:, columns] &= thumbnails[rows] @ thumbnails[columns].T >= correlation
        close |= contents[rows, None] == contents[None]
        i, j = np.nonzero(close)
        later = j > i + start
        blocks.append((i[later] + start, j[later]))
    return blocks


def _area_average(image: Image) -> npt.NDArray[np.float64]:
    """Return the (32, 32) mean intensity of the image's 32 x 32 equal rectangles; pixels count by the part inside."""
    channels = image[..., None] if image.ndim == 2 else image[..., : 1 if image.shape[2] == 2 else 3]
    down, across = _area_weights(image.shape[0]), _area_weights(image.shape[1])
    rows = []
    for weights in down:
        # Only the rows that have a weight are converted.
        used = slice(*np.flatnonzero(weights)[[0, -1]] + (0, 1))
        rows.append(np.einsum("h,hwc->w", weights[used], channels[used].astype(np.float64)) / channels.shape[2])
    grey: npt.NDArray[np.float64] = np.stack(rows) @ across.T
    return grey


def _area_weights(length: int) -> npt.NDArray[np.float64]:
    """Return (32, length): the share of each pixel in each of 32 equal stretches of an axis; rows sum to 1."""
    edges = np.linspace(0, length, SIDE + 1)
    pixels = np.arange(length)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    share: npt.NDArray[np.float64] = np.clip(overlap, 0, None) * SIDE / length
    return share
