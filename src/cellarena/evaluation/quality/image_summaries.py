"""What is kept of one image when sets of images are compared."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellarena.evaluation.errors.objects import measure
from cellarena.evaluation.quality.estimates import Values
from cellarena.evaluation.quality.kernel_distance import standardised
from cellarena.evaluation.quality.memorisation import thumbnail
from cellarena.evaluation.quality.spectra import checkerboard, power, radial_profile
from cellarena.images.io import LabelImage
from cellarena.targets.three_class import BACKGROUND, BOUNDARY, INTERIOR, ThreeClass

MOST_CROPS = 4
"""Of an image that is compared with the training images."""
MOST_TRAIN_CROPS = 24
"""Of a training image: more, as a copy of a part that nobody looked at would not be found."""
PIXEL_CLASSES = {"background": BACKGROUND, "interior": INTERIOR, "boundary": BOUNDARY}
OBJECT_MEASURES = ("area", "eccentricity", "solidity", "neighbour_distance", "contrast")
_BLOCK = 8


@dataclass(frozen=True, eq=False)
class ImageSummary:
    """One image, real or synthetic.

    Attributes:
        id: of its record.
        modality: of its record.
        features: (n_crops, d) of an encoder.
        thumbnails: (n_crops, side, side) as from `memorisation.thumbnail`.
        profile: (N_BINS) mean log spectrum of the crops.
        checkerboard: `spectra.checkerboard` of their mean spectrum.
        histograms: (3, 3, 256) by pixel class and channel: shares of the pixels; NaN for a class without pixels.
        objects: OBJECT_MEASURES of the objects that the frame does not cut.
        n_objects: all of them.
        megapixels: of the image.
        f1: of a segmentation against the labels.
    """

    id: str
    modality: str
    features: Values
    thumbnails: Values
    profile: Values
    checkerboard: float
    histograms: Values
    objects: pd.DataFrame
    n_objects: int
    megapixels: float
    f1: float


def crops_of(
    image: npt.NDArray[np.uint8], size: tuple[int, int], most: int, rng: np.random.Generator
) -> npt.NDArray[np.uint8]:
    """Return random ones of the crops that an image has room for side by side, spread evenly over it.

    Where they lie is the same in a mirrored or turned image, so that a copy of an image has the same crops.

    Args:
        image: (H, W, 3); one that is smaller than a crop is mirrored at its edge.
        size: height and width of a crop.
        most: how many are returned at most.
        rng: chooses among more.

    Returns:
        (n_crops, height, width, 3).
    """
    missing = [(0, max(0, side - n)) for side, n in zip(size, image.shape[:2], strict=True)]
    padded = np.pad(image, [*missing, (0, 0)], mode="symmetric")
    rows, columns = (_starts(n, side) for side, n in zip(size, padded.shape[:2], strict=True))
    places = [(y, x) for y in rows for x in columns]
    chosen = sorted(rng.permutation(len(places))[:most])
    return np.stack([padded[y : y + size[0], x : x + size[1]] for y, x in (places[k] for k in chosen)])


def _starts(n: int, side: int) -> list[int]:
    n_crops = n // side
    if n_crops == 1:
        return [(n - side) // 2]
    return [(n - side) * k // (n_crops - 1) for k in range(n_crops)]


def shuffled(image: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Return an image whose blocks of 8 x 8 pixels lie in random order: its intensities without its structures.

    What is left over at the lower and the right edge stays where it is.
    """
    rows, columns = (n // _BLOCK for n in image.shape[:2])
    whole = image[: rows * _BLOCK, : columns * _BLOCK]
    blocks = whole.reshape(rows, _BLOCK, columns, _BLOCK, -1).swapaxes(1, 2).reshape(rows * columns, _BLOCK, _BLOCK, -1)
    mixed = rng.permutation(blocks).reshape(rows, columns, _BLOCK, _BLOCK, -1).swapaxes(1, 2)
    result = image.copy()
    result[: rows * _BLOCK, : columns * _BLOCK] = mixed.reshape(whole.shape)
    return result


def appearance(
    image: npt.NDArray[np.uint8], labels: LabelImage, crops: npt.NDArray[np.uint8], target: ThreeClass
) -> tuple[Values, Values, float, Values]:
    """Return thumbnails, profile, checkerboard and histograms of an image, as `ImageSummary` keeps them.

    Args:
        image: (H, W, 3).
        labels: (H, W) label image.
        crops: of the image, as from `crops_of`.
        target: how wide the boundary class is.
    """
    spectrum = np.mean([power(crop) for crop in crops], axis=0)
    thumbnails = np.stack([thumbnail(crop) for crop in crops])
    classes = target.encode(labels)
    histograms = np.stack([_histograms(image[classes == number]) for number in PIXEL_CLASSES.values()])
    return thumbnails, radial_profile(spectrum), checkerboard(spectrum), histograms


def measure_shapes(image: npt.NDArray[np.uint8], labels: LabelImage) -> pd.DataFrame:
    """Return OBJECT_MEASURES of every object of a label image that the border rule keeps.

    Area in pixels, eccentricity of the ellipse of the same moments, solidity as the share of the convex hull that is
    filled, distance to the nearest object and contrast as from `evaluation.errors.objects.measure`.
    """
    from skimage.measure import regionprops_table

    measured = measure(labels, image)
    shapes = regionprops_table(labels.astype(np.int64), properties=("label", "eccentricity", "solidity"))
    table = measured.merge(pd.DataFrame(shapes).astype({"label": np.int64}), on="label", validate="one_to_one")
    return table.loc[table["touches_border"] == 0, list(OBJECT_MEASURES)].astype(float)


def in_units_of(train: Sequence[ImageSummary], summaries: Sequence[ImageSummary]) -> list[ImageSummary]:
    """Return summaries whose features have the mean 0 and the deviation 1 that those of the training images have."""
    reference = np.concatenate([summary.features for summary in train])
    return [replace(summary, features=standardised(summary.features, reference)) for summary in summaries]


def crop_features(summaries: Sequence[ImageSummary]) -> Values:
    """Return (n_images, n_crops, d) features, NaN where an image has fewer crops than another."""
    most = max((len(summary.features) for summary in summaries), default=0)
    width = summaries[0].features.shape[1] if summaries else 0
    stacked = np.full((len(summaries), most, width), np.nan)
    for place, summary in zip(stacked, summaries, strict=True):
        place[: len(summary.features)] = summary.features
    return stacked


def _histograms(pixels: npt.NDArray[np.uint8]) -> Values:
    if not len(pixels):
        return np.full((3, 256), np.nan)
    return np.stack([np.bincount(channel, minlength=256) / len(pixels) for channel in pixels.T])
