"""The picture of one cell on the shape of another: stretched, never turned, so that light keeps its direction."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cellarena.images.io import LabelImage
from cellarena.synthesis.generators.texture.shapes import Cut, Field, Shape, cut

Places = npt.NDArray[np.float64]
"""(2, ...) rows and columns between pixels."""

# Steps of Newton's method that bring outline to outline, and how many pixels they are smoothed over.
_STEPS = 6
_SMOOTH = 1.5
# So many pixels outside its outline a cell may be shown in a target; less would leave jagged edges.
_NEAR_ENOUGH = 1.0


@dataclass(frozen=True, eq=False)
class Warped:
    """A cell's picture on another shape.

    Attributes:
        colours: (h, w, 3) on the pixels of the target's surroundings.
        known: (h, w) bool, where the donor's image shows the donor or background, and no other cell.
    """

    colours: Field
    known: npt.NDArray[np.bool_]


def likeness(target: Shape, donors: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return how far each donor's size, length and orientation are from a shape's.

    Args:
        target: the shape.
        donors: (n, 3) as from `elongation`.

    Returns:
        (n,) Frobenius distances of the logarithms of the covariances; 0 for the same ellipse (log-Euclidean metric,
        doi 10.1137/050637996).
    """
    distances: npt.NDArray[np.float64] = np.linalg.norm(donors - elongation(target), axis=1)
    return distances


def elongation(shape: Shape) -> npt.NDArray[np.float64]:
    """Return the logarithm of a shape's covariance as (3,); its norm is the matrix's Frobenius norm."""
    values, vectors = np.linalg.eigh(shape.covariance)
    log = vectors @ np.diag(np.log(values)) @ vectors.T
    return np.array([log[0, 0], log[1, 1], np.sqrt(2) * log[0, 1]])


def stretch(target: Shape, donor: Shape) -> npt.NDArray[np.float64]:
    """Return the (2, 2) symmetric matrix that makes the donor's ellipse of the target's, without a turn.

    It is the optimal transport between the two gaussians (doi 10.1016/0024-3795(82)90112-4).
    """
    root = _power(target.covariance, 0.5)
    inverse = _power(target.covariance, -0.5)
    return inverse @ _power(root @ donor.covariance @ root, 0.5) @ inverse


def warp(
    target: Shape, place: Cut, donor: Shape, image: npt.NDArray[np.uint8], labels: LabelImage, margin: int
) -> Warped:
    """Return a donor's picture on the surroundings of a target.

    Ellipse is brought to ellipse, then outline to outline: within `margin` pixels of it every pixel shows what lies as
    far from the donor's outline, so that blurred edges, rims and halos keep their width.

    Args:
        target: the new shape.
        place: its surroundings.
        donor: the old shape.
        image: (H, W, 3) that shows the donor.
        labels: (H, W) of that image.
        margin: in pixels, that of `place`.
    """
    source = cut(labels, donor, 2 * margin)
    grid = np.indices(place.depth.shape).reshape(2, -1) + place.origin[:, None]
    aligned = donor.centre[:, None] + stretch(target, donor) @ (grid - target.centre[:, None])
    aligned = (aligned - source.origin[:, None]).reshape(2, *place.depth.shape)
    where = _outline_to_outline(aligned, place.depth, source.depth, margin)
    inside = place.depth > 0
    where[:, inside] = _kept_inside(where[:, inside], source)
    pixels = image[np.ix_(source.rows, source.columns)].astype(np.float32)
    colours = np.stack([_sampled(pixels[..., c], where) for c in range(3)], axis=-1)
    return Warped(colours, source.free[_nearest(where, source.depth.shape)])


def _power(matrix: npt.NDArray[np.float64], exponent: float) -> npt.NDArray[np.float64]:
    values, vectors = np.linalg.eigh(matrix)
    power: npt.NDArray[np.float64] = vectors @ np.diag(np.maximum(values, 1e-12) ** exponent) @ vectors.T
    return power


def _outline_to_outline(aligned: npt.NDArray[np.float64], wanted: Field, depth: Field, margin: int) -> Places:
    """Return (2, h, w) places moved along the donor's normals until near the outline they are as deep as wanted.

    The moves are smoothed, so that they bend the texture and do not tear it.
    """
    smooth: Field = ndimage.gaussian_filter(depth, _SMOOTH)
    down, across = (np.asarray(np.gradient(smooth, axis=axis), np.float32) for axis in (0, 1))
    weight = np.exp(-((np.maximum(wanted, 0) / (2 * margin)) ** 2))
    move = np.zeros_like(aligned)
    for _ in range(_STEPS):
        where = aligned + move
        normal = np.stack([_sampled(down, where), _sampled(across, where)])
        missing = weight * (wanted - _sampled(smooth, where)) / np.maximum((normal**2).sum(axis=0), 0.25)
        move += ndimage.gaussian_filter(missing * normal, (0, _SMOOTH, _SMOOTH), mode="nearest")
    return aligned + move


def _kept_inside(where: Places, source: Cut) -> Places:
    """Return (2, n) places, those beside the donor replaced by the nearest pixel in it; a pixel off is near enough."""
    near = (source.depth > -_NEAR_ENOUGH) & source.free
    nearest = ndimage.distance_transform_edt(source.depth < 0, return_distances=False, return_indices=True)
    at = _nearest(where, near.shape)
    return np.where(near[at], where, nearest[:, at[0], at[1]])


def _nearest(where: Places, shape: tuple[int, ...]) -> tuple[npt.NDArray[np.intp], ...]:
    return tuple(np.rint(axis).astype(np.intp).clip(0, n - 1) for axis, n in zip(where, shape, strict=True))


def _sampled(field: Field, where: Places) -> Field:
    values: Field = ndimage.map_coordinates(field, where, order=1, mode="nearest")
    return values
