"""What can be measured of every object of a label image: size, place, contrast, how near its neighbour is."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import ndimage

from cellarena.evaluation.assignment import Indices, Values
from cellarena.images.io import LabelImage
from cellarena.images.labels import consecutive, without_border_objects
from cellarena.images.neighbours import zone_steps
from cellarena.images.picture import Image
from cellarena.tables import integers, names_of, numbers

RING = 5
"""Width in pixels of the ring around an object that its contrast is taken against."""

MEASURES = (
    *integers("area", "its pixels", "px²"),
    *numbers("diameter", "of the disc of that area", "px"),
    *numbers("centroid_y, centroid_x", "the middle of its pixels, from the first row and column", "px"),
    *integers("touches_border", "1 if the challenge's border rule drops it, else 0"),
    *numbers("contrast?", "d' = (mean inside - mean of the background at most 5 px away and nearest to it) / root of "
             "the mean of both variances; empty without such background or variance"),
    *numbers("neighbour_distance?", "from its pixels to those of the nearest other object, between centres: 1 if they "
             "touch; empty where it is alone", "px"),
)  # fmt: skip


def measure(labels: LabelImage, image: Image) -> pd.DataFrame:
    """Return the measures of every object; time and memory grow with pixels, not with objects times pixels.

    Args:
        labels: (H, W) label image.
        image: (H, W) or (H, W, C); of several channels the mean counts.

    Returns:
        One row per object, by label: label and the columns MEASURES.

    Raises:
        ValueError: if image and labels differ in size.
    """
    if image.shape[:2] != labels.shape:
        raise ValueError(f"the image is {image.shape[:2]}, its label image {labels.shape}: they must be of one size")
    values = np.unique(labels)
    values = values[values > 0]
    numbered = consecutive(labels).astype(np.int64)
    table = pd.DataFrame({"label": values.astype(np.int64)})
    if not len(values):
        return table.assign(**dict.fromkeys(names_of(MEASURES), np.array([], float))).astype({"touches_border": int})
    area = np.bincount(numbered.ravel())[1:]
    y, x = np.nonzero(numbered)
    owner = numbered[y, x]
    distance, place = ndimage.distance_transform_edt(numbered == 0, return_indices=True)
    nearest = numbered[place[0], place[1]]
    table["area"] = area
    table["diameter"] = np.sqrt(4 * area / np.pi)
    table["centroid_y"] = np.bincount(owner, weights=y)[1:] / area
    table["centroid_x"] = np.bincount(owner, weights=x)[1:] / area
    table["touches_border"] = np.isin(values, without_border_objects(labels), invert=True).astype(int)
    around = np.where((distance > 0) & (distance <= RING), nearest, 0)
    table["contrast"] = _contrast(image, numbered, around, len(values))
    table["neighbour_distance"] = _neighbour_distance(nearest, place, len(values))
    return table


def _contrast(image: Image, inside: Indices, around: Indices, n: int) -> Values:
    grey = image.reshape(*inside.shape, -1).mean(axis=2, dtype=np.float64)
    mean_in, variance_in = _mean_and_variance(grey, inside, n)
    mean_out, variance_out = _mean_and_variance(grey, around, n)
    spread = np.sqrt((variance_in + variance_out) / 2)
    undefined = np.full(n, np.nan)
    return np.asarray(np.divide(mean_in - mean_out, spread, out=undefined, where=spread > 0))


def _mean_and_variance(grey: Values, owner: Indices, n: int) -> tuple[Values, Values]:
    """Return mean and variance of the pixels of each of the owners 1..n, NaN where one has none."""
    there = owner > 0
    owner, values = owner[there], grey[there]
    count = np.bincount(owner, minlength=n + 1)[1:].astype(float)
    count[count == 0] = np.nan
    mean = np.bincount(owner, weights=values, minlength=n + 1)[1:] / count
    # From the mean and not from the squares, whose difference would leave a flat region some variance.
    deviation = (values - mean[owner - 1]) ** 2
    return mean, np.bincount(owner, weights=deviation, minlength=n + 1)[1:] / count


def _neighbour_distance(nearest: Indices, place: npt.NDArray[np.int32], n: int) -> Values:
    """Return the smallest distance between objects whose zones, the pixels nearest to each, meet."""
    found = np.full(n + 1, np.inf)
    a, b, distance = zone_steps(nearest, place)
    np.minimum.at(found, a, distance)
    np.minimum.at(found, b, distance)
    return np.where(np.isinf(found), np.nan, found)[1:]
