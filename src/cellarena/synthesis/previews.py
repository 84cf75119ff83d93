"""What a generator paints while it is fitted: the same label images again and again."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cellarena.images.io import read_image, write_png
from cellarena.images.picture import Image
from cellarena.images.windows import window
from cellarena.seeds import digest, generator
from cellarena.synthesis.generators.spec import Example, Painter

_SHOWN = 8
_OF_EACH = 3
_SIDE = 160


@dataclass(frozen=True)
class Previews:
    """Parts of training images whose labels are painted at several steps; what was painted lies in a folder.

    Attributes:
        examples: parts of at most 160 x 160 pixels.
        folder: a folder in it for each of them, named by its step.
        seed: of what the painter draws, the same at each.
    """

    examples: tuple[Example, ...]
    folder: Path
    seed: int

    @classmethod
    def of(cls, examples: Sequence[Example], folder: Path, seed: int) -> Self:
        """Choose some images of each modality, and of each the part with the most objects."""
        members: dict[str, list[Example]] = {}
        for example in sorted(examples, key=lambda e: (e.modality, digest(seed, "sample", e.id))):
            members.setdefault(example.modality, []).append(example)
        n = min(_OF_EACH, max(1, _SHOWN // len(members)))
        chosen = [example for some in members.values() for example in some[:n]]
        places = [window(example.labels, _SIDE) for example in chosen]
        parts = (
            Example(e.id, e.image[place], e.labels[place], e.modality) for e, place in zip(chosen, places, strict=True)
        )
        return cls(tuple(parts), folder, seed)

    def paint(self, step: int, painter: Painter) -> None:
        """Paint and keep the previews of a step."""
        for number, example in enumerate(self.examples):
            rng = generator(self.seed, "sample", example.id)
            write_png(painter.paint(example.labels, example.modality, rng).image, self._file(step, number))

    def steps(self) -> list[int]:
        """Return the steps whose previews are kept, ascending."""
        return sorted(int(path.name) for path in self.folder.glob("*")) if self.folder.is_dir() else []

    def painted(self, number: int) -> dict[int, Image]:
        """Return what was painted of an example, by the step."""
        return {step: read_image(self._file(step, number)) for step in self.steps()}

    def _file(self, step: int, number: int) -> Path:
        return self.folder / str(step) / f"{number}.png"
