"""What one annotated image tells of its data set: its objects, its classes of pixels, its intensities."""

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellarena.images.io import LabelImage
from cellarena.images.labels import consecutive, without_border_objects
from cellarena.images.neighbours import contacts
from cellarena.images.picture import Image
from cellarena.tables import booleans, integers, names_of, numbers
from cellarena.targets.three_class import BACKGROUND, BOUNDARY, INTERIOR, ThreeClass

OBJECT = (
    *integers("label", "of the object in its image"),
    *integers("area", "its pixels", "px²"),
    *numbers("diameter", "of the circle of this area", "px"),
    *booleans("touching", "whether it has an 8-neighbour in another object"),
    *booleans("cut", "whether it reaches into the two outermost rows or columns: the border rule leaves it out"),
    *integers("n_pieces", "its 8-connected pieces"),
)
CHANNEL = (
    *integers("channel", "from 0"),
    *integers("n_levels", "different values"),
    *numbers("minimum, p01, median, p99, maximum, mean", "of the pixels, as acquired"),
    *numbers("full_scale?", "largest value of the integer type; empty for fractions"),
    *numbers("range_used?", "share of the type's range between minimum and maximum"),
    *numbers("at_minimum, at_maximum", "share of pixels with the smallest and the largest value that occur"),
)
_CLASSES = {"background": BACKGROUND, "interior": INTERIOR, "boundary": BOUNDARY}


def measure_objects(labels: LabelImage) -> pd.DataFrame:
    """Return one row per object, in the order of their labels, with the columns OBJECT.

    Args:
        labels: (H, W) integers, at least 0.
    """
    numbered = consecutive(labels).astype(np.int64)
    areas = np.bincount(numbered.ravel())[1:]
    inner = np.isin(np.arange(1, len(areas) + 1), without_border_objects(numbered))
    return pd.DataFrame({
        "label": np.unique(labels[labels > 0]),
        "area": areas,
        "diameter": np.sqrt(4 / math.pi * areas),
        "touching": _touching(numbered, len(areas)),
        "cut": ~inner,
        "n_pieces": _n_pieces(numbered, len(areas)),
    })  # fmt: skip


def _touching(numbered: npt.NDArray[np.int64], n_objects: int) -> npt.NDArray[np.bool_]:
    """Return for objects 1..n whether an 8-neighbour of one of their pixels belongs to another object."""
    found = np.zeros(n_objects + 1, bool)
    for side in contacts(numbered):
        found[side] = True
    return found[1:]


def _n_pieces(numbered: npt.NDArray[np.int64], n_objects: int) -> npt.NDArray[np.int64]:
    from skimage.measure import label

    pieces, n_pieces = label(numbered, background=0, return_num=True, connectivity=2)
    owners = np.zeros(n_pieces + 1, np.int64)
    owners[pieces] = numbered
    return np.bincount(owners[1:], minlength=n_objects + 1)[1:]


def class_shares(labels: LabelImage, annotated: npt.NDArray[np.bool_], target: ThreeClass) -> dict[str, float]:
    """Return which shares of an image's annotated pixels are background, interior and boundary as networks learn them.

    Args:
        labels: (H, W) integers, at least 0.
        annotated: (H, W), where somebody annotated.
        target: how wide a boundary is.

    Returns:
        NaN for all where nobody annotated.
    """
    counts = np.bincount(target.encode(labels)[annotated], minlength=len(_CLASSES))
    n_pixels = np.count_nonzero(annotated)
    return {name: float(counts[number] / n_pixels) if n_pixels else math.nan for name, number in _CLASSES.items()}


def measure_channels(image: Image) -> pd.DataFrame:
    """Return one row per channel of an image as it was acquired, with the columns CHANNEL.

    Clipping shows in `at_minimum` and `at_maximum` whatever the bit depth of the camera was.

    Args:
        image: (H, W) or (H, W, C), of any real type.
    """
    return pd.DataFrame(_channels(image), columns=names_of(CHANNEL))


def _channels(image: Image) -> Iterator[tuple[float, ...]]:
    full_scale, span = _scale(image.dtype)
    channels = image[..., None] if image.ndim == 2 else image
    for number in range(channels.shape[2]):
        values = channels[..., number].ravel()
        levels, counts = np.unique(values, return_counts=True)
        low, high = float(levels[0]), float(levels[-1])
        p01, median, p99 = np.percentile(values.astype(np.float64), (1, 50, 99)).tolist()
        mean = float(values.mean(dtype=np.float64))
        shares = counts[[0, -1]] / values.size
        yield number, len(levels), low, p01, median, p99, high, mean, full_scale, (high - low) / span, *shares.tolist()


def _scale(dtype: np.dtype[np.generic]) -> tuple[float, float]:
    """Return the largest value of a pixel type and how far it is from the smallest; NaN where there is no such."""
    if dtype.kind == "b":
        return 1.0, 1.0
    if not np.issubdtype(dtype, np.integer):
        return math.nan, math.nan
    limits = np.iinfo(dtype)  # type: ignore[type-var]
    return float(limits.max), float(limits.max) - float(limits.min)
