"""A label image painted with the cells and the background of real images."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cellarena.images.io import LabelImage
from cellarena.synthesis.generators.spec import Painting
from cellarena.synthesis.generators.texture.backgrounds import spread_to
from cellarena.synthesis.generators.texture.bank import Source
from cellarena.synthesis.generators.texture.noise import lacking_noise
from cellarena.synthesis.generators.texture.shapes import Cut, Field, Shape, cut, shapes_of
from cellarena.synthesis.generators.texture.warping import Warped, likeness, warp

# Of these the main source of an image is chosen, those with objects of the layout's size first.
_MAIN_SHARE, _MAIN_FEWEST = 0.15, 3
_TRIALS = 16


@dataclass(frozen=True)
class Composing:
    """How cells are chosen and put down.

    Attributes:
        alternatives: of so many cells of like size and shape one is chosen at random.
        neighbours: images of like style that lend cells beside the one that gives the background.
        blur: standard deviation of the point spread function laid over the whole, in pixels.
    """

    alternatives: int
    neighbours: int
    blur: float


def compose_image(
    sources: Sequence[Source], labels: LabelImage, composing: Composing, rng: np.random.Generator
) -> Painting:
    """Return a label image painted with real cells on a real background.

    One source gives the background and the noise; it and those of like style give the cells.

    Args:
        sources: of one modality, at least one; with objects if the label image has any.
        labels: (H, W).
        composing: how.
        rng: the stream of the image.
    """
    targets = shapes_of(labels)
    main = _main_source(sources, targets, labels.shape, rng)
    lenders = _like_styled(main, sources, composing.neighbours) if targets else [main]
    backdrop = _backdrop(main, labels, rng)
    canvas = backdrop.copy()
    donors = {main.example.id}
    for target in targets:
        lender, donor = _donor(target, lenders, composing.alternatives, rng)
        _paste(canvas, backdrop, labels, target, lender, donor)
        donors.add(lender.example.id)
    finished = _as_recorded(canvas, labels > 0, main, composing.blur, rng)
    return Painting(finished, tuple(sorted(donors)))


def _main_source(
    sources: Sequence[Source], targets: Sequence[Shape], shape: tuple[int, ...], rng: np.random.Generator
) -> Source:
    """Return one of the sources whose cells have the layout's size and whose background is large enough for it."""
    if not targets:
        return sources[int(rng.integers(len(sources)))]
    area = float(np.log(np.median([target.area for target in targets])))
    inhabited = [source for source in sources if source.shapes]
    # Little is left of the background of an image that is full of cells.
    strangeness = [
        abs(source.log_area - area) + 4 * max(source.density - 0.5, 0) + source.too_small_for(shape)
        for source in inhabited
    ]
    n_fit = min(len(inhabited), max(_MAIN_FEWEST, round(_MAIN_SHARE * len(inhabited))))
    fit = np.argsort(strangeness, kind="stable")[:n_fit]
    return inhabited[int(rng.choice(fit))]


def _like_styled(main: Source, sources: Sequence[Source], n_neighbours: int) -> list[Source]:
    others = [source for source in sources if source is not main and source.shapes]
    apart = [float(np.linalg.norm(source.style - main.style)) for source in others]
    return [main, *(others[i] for i in np.argsort(apart, kind="stable")[:n_neighbours])]


def _donor(
    target: Shape, lenders: Sequence[Source], n_alternatives: int, rng: np.random.Generator
) -> tuple[Source, Shape]:
    distances = likeness(target, np.concatenate([lender.elongations for lender in lenders]))
    owners = [(lender, shape) for lender in lenders for shape in lender.shapes]
    nearest = np.argsort(distances, kind="stable")[:n_alternatives]
    return owners[int(rng.choice(nearest))]


def _backdrop(main: Source, labels: LabelImage, rng: np.random.Generator) -> Field:
    """Return the part of the main source's background on which the objects lie most as its own cells do."""
    parts = [_part(main.backdrop, labels.shape, rng) for _ in range(_TRIALS if labels.any() else 1)]
    if not labels.any():
        return parts[0]
    home = main.backdrop[main.example.labels > 0].mean(axis=0)
    return min(parts, key=lambda part: float(np.abs(part[labels > 0] - home).mean()))


def _part(backdrop: Field, shape: tuple[int, ...], rng: np.random.Generator) -> Field:
    """Return a random part of a backdrop; of one that is too small, with random flips, all."""
    height, width = shape
    free = [max(n - size, 0) for n, size in zip(backdrop.shape, shape, strict=False)]
    corner = int(rng.integers(free[0] + 1)), int(rng.integers(free[1] + 1))
    turn = tuple(int(sign) for sign in rng.choice((1, -1), 2))
    return spread_to(backdrop, (height, width), (turn[0], turn[1]), corner)


def _paste(canvas: Field, backdrop: Field, labels: LabelImage, target: Shape, lender: Source, donor: Shape) -> None:
    """Put a donor's picture in the place of a target, its surroundings fading into the background."""
    margin = lender.margin_of(donor)
    place = cut(labels, target, margin)
    example = lender.example
    warped = warp(target, place, donor, example.image, example.labels, margin)
    fading = np.clip(1 + place.depth / margin, 0, 1)
    weight = np.where(place.free & (warped.known | (place.depth > 0)), fading, np.float32(0))[..., None]
    colours = warped.colours + _correction(warped, backdrop[np.ix_(place.rows, place.columns)], place, margin)
    rows, columns = _within(place, labels.shape)
    here = np.ix_(place.rows[rows], place.columns[columns])
    seen = np.ix_(rows, columns)
    canvas[here] += weight[seen] * (colours[seen] - canvas[here])


def _correction(warped: Warped, backdrop: Field, place: Cut, margin: int) -> Field:
    """Return (h, w, 3) that makes a cell's surroundings as light as those of its new place, and leaves its middle."""
    rim = warped.known & place.free & (place.depth < -margin / 3)
    if not rim.any():
        return np.zeros(3, np.float32)
    difference: Field = (backdrop[rim] - warped.colours[rim]).mean(axis=0)
    return np.exp(-np.maximum(place.depth, 0) / margin)[..., None] * difference


def _within(place: Cut, shape: tuple[int, ...]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return which rows and columns of some surroundings lie in the image."""
    rows, columns = (
        start + np.arange(n) for start, n in zip(place.origin, (place.rows.size, place.columns.size), strict=True)
    )
    return (rows >= 0) & (rows < shape[0]), (columns >= 0) & (columns < shape[1])


def _as_recorded(
    canvas: Field, cells: npt.NDArray[np.bool_], main: Source, blur: float, rng: np.random.Generator
) -> npt.NDArray[np.uint8]:
    """Return a composed image through one optics and sensor: blurred alike, and as noisy as the main source."""
    seen = ndimage.gaussian_filter(canvas, (blur, blur, 0), mode="nearest")
    for part, wanted in zip((~cells, cells), main.noise, strict=True):
        if part.any():
            seen[part] += lacking_noise(seen, part, wanted, rng)
    return np.rint(np.clip(seen, 0, 255)).astype(np.uint8)
