"""Where each object of a label image lies, how long, wide and steep it is, and how deep in it a pixel lies."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cellarena.images.io import LabelImage

Field = npt.NDArray[np.float32]

# The covariance of a single pixel: half a pixel to each side.
_PIXEL = np.eye(2) / 12


@dataclass(frozen=True, eq=False)
class Shape:
    """An object.

    Attributes:
        label: in its label image.
        area: in pixels.
        centre: (2,) row and column of its centre of mass.
        covariance: (2, 2) of its pixels' rows and columns, in square pixels.
        box: first row, first column, last row + 1, last column + 1.
        whole: it does not touch the image's edge.
    """

    label: int
    area: int
    centre: npt.NDArray[np.float64]
    covariance: npt.NDArray[np.float64]
    box: tuple[int, int, int, int]
    whole: bool


@dataclass(frozen=True, eq=False)
class Cut:
    """The surroundings of an object, the image's edge repeated where they leave it.

    Attributes:
        rows: (h,) of the image.
        columns: (w,) of the image.
        origin: (2,) row and column of the first pixel, negative where it lies outside the image.
        depth: (h, w) distance to the object's outline in pixels; positive inside, negative outside, never 0.
        free: (h, w) bool, no other object lies here.
    """

    rows: npt.NDArray[np.intp]
    columns: npt.NDArray[np.intp]
    origin: npt.NDArray[np.intp]
    depth: Field
    free: npt.NDArray[np.bool_]


def shapes_of(labels: LabelImage) -> list[Shape]:
    """Return the objects of a (H, W) label image, ascending by label."""
    found = enumerate(ndimage.find_objects(labels), start=1)
    return [_shape(labels, label, box) for label, box in found if box is not None]


def cut(labels: LabelImage, shape: Shape, margin: int) -> Cut:
    """Return the surroundings of an object: its box and `margin` pixels on each side."""
    top, left, bottom, right = shape.box
    height, width = labels.shape
    rows, columns = np.arange(top - margin, bottom + margin), np.arange(left - margin, right + margin)
    inside_rows, inside_columns = rows.clip(0, height - 1), columns.clip(0, width - 1)
    seen = labels[np.ix_(inside_rows, inside_columns)]
    own = seen == shape.label
    origin = np.array([rows[0], columns[0]])
    return Cut(inside_rows, inside_columns, origin, signed_depth(own), own | (seen == 0))


def signed_depth(own: npt.NDArray[np.bool_]) -> Field:
    """Return the distance to the outline of an object, in pixels: positive inside, negative outside, never 0.

    Args:
        own: (H, W), the object's pixels. An object without outline is everywhere as deep as the image is long.
    """
    if own.all() or not own.any():
        return np.full(own.shape, max(own.shape) * (1 if own.any() else -1), np.float32)
    inside, outside = ndimage.distance_transform_edt(own), ndimage.distance_transform_edt(~own)
    return np.where(own, inside - 0.5, 0.5 - outside).astype(np.float32)


def _shape(labels: LabelImage, label: int, box: tuple[slice, ...]) -> Shape:
    rows, columns = np.nonzero(labels[box] == label)
    places = np.stack([rows + box[0].start, columns + box[1].start])
    centre = places.mean(axis=1)
    apart = places - centre[:, None]
    frame = (box[0].start, box[1].start, box[0].stop, box[1].stop)
    whole = frame[0] > 0 and frame[1] > 0 and frame[2] < labels.shape[0] and frame[3] < labels.shape[1]
    return Shape(label, rows.size, centre, apart @ apart.T / rows.size + _PIXEL, frame, whole)
