"""Real images to take cells and backgrounds from: what is known of each, worked out when first asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from cellarena.images.labels import consecutive
from cellarena.seeds import digest, generator
from cellarena.synthesis.generators.spec import Example
from cellarena.synthesis.generators.texture.backgrounds import without_cells
from cellarena.synthesis.generators.texture.noise import noise_covariance
from cellarena.synthesis.generators.texture.shapes import Field, Shape, shapes_of
from cellarena.synthesis.generators.texture.warping import elongation

# So many grey values weigh as much as an e-fold difference in area.
_GREY = 64.0
# Pixels beyond its outline in which a cell is seen, at least and at most.
_NARROWEST, _WIDEST = 3, 16


@dataclass(frozen=True, eq=False)
class Source:
    """A real image that cells and background are taken from.

    Attributes:
        example: the image with its labels.
        margin: how far beyond its outline a cell is still seen, in radii of a disc of its area.
        seed: of the grain that fills the places of the cells.
    """

    example: Example
    margin: float
    seed: int

    @cached_property
    def shapes(self) -> list[Shape]:
        """Its whole cells; those that its edge cuts if there are no others."""
        found = shapes_of(self.example.labels)
        return [shape for shape in found if shape.whole] or found

    @cached_property
    def elongations(self) -> npt.NDArray[np.float64]:
        """(n, 3), see `elongation`."""
        return np.array([elongation(shape) for shape in self.shapes]).reshape(-1, 3)

    @cached_property
    def backdrop(self) -> Field:
        """(H, W, 3), the image without its cells."""
        rng = generator(self.seed, "backdrop", self.example.id)
        reach = 1 + int(np.median([self.margin_of(shape) for shape in self.shapes] or [0]))
        return without_cells(self.example.image, self.example.labels, reach, rng)

    def margin_of(self, shape: Shape) -> int:
        """Return how many pixels beyond its outline one of its cells is still seen."""
        return int(np.clip(round(self.margin * np.sqrt(shape.area / np.pi)), _NARROWEST, _WIDEST))

    def too_small_for(self, shape: tuple[int, ...]) -> float:
        """Return 0 if its background covers a shape, else the logarithm of how many times it has to be repeated."""
        return sum(max(float(np.log(n / own)), 0) for n, own in zip(shape, self.example.labels.shape, strict=True))

    @cached_property
    def noise(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Covariances (3, 3) of the noise in the background and in the cells."""
        pixels, inside = self.example.image.astype(np.float32), self.example.labels > 0
        return noise_covariance(pixels, ~inside), noise_covariance(pixels, inside)

    @cached_property
    def log_area(self) -> float:
        """Logarithm of its objects' median area; NaN without objects."""
        areas = np.bincount(self.example.labels.ravel())[1:]
        return float(np.log(np.median(areas[areas > 0]))) if areas.any() else float("nan")

    @cached_property
    def density(self) -> float:
        """Share of its pixels that are objects."""
        return float((self.example.labels > 0).mean())

    @cached_property
    def style(self) -> npt.NDArray[np.float64]:
        """(7,) mean colours of background and cells, and the log of the median area, on one scale."""
        inside = self.example.labels > 0
        means = [self.example.image[part].mean(axis=0) / _GREY for part in (~inside, inside) if part.any()]
        return np.concatenate([means[0], means[-1], [self.log_area]])


def windows(examples: Sequence[Example], n_images: int, side: int, seed: int) -> list[Example]:
    """Return at most `n_images` examples of each modality, cut to at most `side` pixels; those with objects first.

    Args:
        examples: annotated images.
        n_images: of each modality.
        side: largest height and width, in pixels.
        seed: decides which examples, and where they are cut.

    Returns:
        Sorted by id; labels are numbered 1..n anew as int32.
    """
    ordered = sorted(examples, key=lambda e: (not e.labels.any(), digest(seed, "bank", e.id)))
    by_modality: dict[str, list[Example]] = {}
    for example in ordered:
        members = by_modality.setdefault(example.modality, [])
        if len(members) < n_images:
            members.append(_window(example, side, seed))
    return sorted((e for members in by_modality.values() for e in members), key=lambda e: e.id)


def _window(example: Example, side: int, seed: int) -> Example:
    rng = generator(seed, "window", example.id)
    starts = [int(rng.integers(max(n - side, 0) + 1)) for n in example.labels.shape]
    here = tuple(slice(start, start + side) for start in starts)
    labels = consecutive(example.labels[here]).astype(np.int32)
    return Example(example.id, example.image[here], labels, example.modality)
