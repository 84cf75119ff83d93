"""What one annotated image tells of its data set: its objects, its classes of pixels, its intensities."""

import math

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
    """Return one row per object of an (H, W) label image, in the order of their labels, with the columns OBJECT."""
    from skimage.measure import label

    numbered = consecutive(labels).astype(np.int64)
    areas = np.bincount(numbered.ravel())[1:]
    inner = np.isin(np.arange(1, len(areas) + 1), without_border_objects(numbered))
    touching = np.zeros(len(areas) + 1, bool)
    touching[np.concatenate(contacts(numbered))] = True
    pieces, n_pieces = label(numbered, background=0, return_num=True, connectivity=2)
    owners = np.zeros(n_pieces + 1, np.int64)
    owners[pieces] = numbered
    return pd.DataFrame({
        "label": np.unique(labels[labels > 0]),
        "area": areas,
        "diameter": np.sqrt(4 / math.pi * areas),
        "touching": touching[1:],
        "cut": ~inner,
        "n_pieces": np.bincount(owners[1:], minlength=len(areas) + 1)[1:],
    })  # fmt: skip


def class_shares(labels: LabelImage, annotated: npt.NDArray[np.bool_], target: ThreeClass) -> dict[str, float]:
    """Return which shares of an image's annotated pixels are background, interior and boundary as networks learn them.

    NaN for all where nobody annotated.
    """
    counts = np.bincount(target.encode(labels)[annotated], minlength=len(_CLASSES))
    n_pixels = np.count_nonzero(annotated)
    return {name: float(counts[number] / n_pixels) if n_pixels else math.nan for name, number in _CLASSES.items()}


def measure_channels(image: Image) -> pd.DataFrame:
    """Return one row per channel of an image as it was acquired, (H, W) or (H, W, C), with the columns CHANNEL.

    Clipping shows in `at_minimum` and `at_maximum` whatever the bit depth of the camera was.
    """
    full_scale = span = math.nan
    if image.dtype.kind == "b":
        full_scale = span = 1.0
    elif np.issubdtype(image.dtype, np.integer):
        limits = np.iinfo(image.dtype)
        full_scale, span = float(limits.max), float(limits.max) - float(limits.min)
    rows = []
    for number, channel in enumerate([image] if image.ndim == 2 else np.moveaxis(image, -1, 0)):
        values = channel.ravel()
        levels, counts = np.unique(values, return_counts=True)
        low, high = float(levels[0]), float(levels[-1])
        p01, median, p99 = np.percentile(values.astype(np.float64), (1, 50, 99)).tolist()
        mean = float(values.mean(dtype=np.float64))
        shares = (counts[[0, -1]] / values.size).tolist()
        measured = (number, len(levels), low, p01, median, p99, high, mean, full_scale, (high - low) / span, *shares)
        rows.append(measured)
    return pd.DataFrame(rows, columns=names_of(CHANNEL))
