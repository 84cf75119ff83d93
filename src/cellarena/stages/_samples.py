"""What a generator paints while it is fitted: the same label images again and again, and a line of progress."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from cellarena.images.io import read_image, write_png
from cellarena.seeds import digest, generator
from cellarena.synthesis.generators.spec import Example, Painter

if TYPE_CHECKING:
    from cellarena.reporting.figures.generators import Painted

_SHOWN = 8
_OF_EACH = 3
_SIDE = 160
_PAINTED_AT = (0.02, 0.1, 0.3)
"""Shares of the steps after which samples are painted, beside the end."""
_LINES = 10


@dataclass(frozen=True)
class Samples:
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
        from cellarena.reporting.figures.tiles import window

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
        """Paint and keep the samples of a step."""
        for number, example in enumerate(self.examples):
            rng = generator(self.seed, "sample", example.id)
            write_png(painter.paint(example.labels, example.modality, rng).image, self._file(step, number))

    def steps(self) -> list[int]:
        """Return the steps whose samples are kept, ascending."""
        return sorted(int(path.name) for path in self.folder.glob("*")) if self.folder.is_dir() else []

    def shown(self) -> "list[Painted]":
        """Return the rows of the sample sheet."""
        from cellarena.reporting.figures.generators import Painted

        return [
            Painted(e.id, e.modality, e.labels, e.image, {s: read_image(self._file(s, n)) for s in self.steps()})
            for n, e in enumerate(self.examples)
        ]

    def _file(self, step: int, number: int) -> Path:
        return self.folder / str(step) / f"{number}.png"


class Watching:
    """Watches a fit: paints samples at the steps that are due, and says how far it is.

    Args:
        samples: what is painted.
        n_steps: of the whole fit.
        name: of the generator.
    """

    def __init__(self, samples: Samples, n_steps: int, name: str) -> None:
        self._samples, self._n_steps, self._name = samples, n_steps, name
        self._due = [ceil(share * n_steps) for share in _PAINTED_AT]
        self._console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar = Bar(*columns, console=self._console, transient=True, disable=not self._console.is_terminal)
        self._task = self._bar.add_task(f"fitting {name}", total=n_steps)
        self._start, self._lines = 0.0, 0

    def __enter__(self) -> Self:
        self._start = time.monotonic()
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self._bar.stop()

    def __call__(self, step: int, painter: Painter) -> None:
        """Take note of a step."""
        # After an interruption a step may come again; what it painted then is painted again, and nothing else.
        painted = sum(earlier < step for earlier in self._samples.steps())
        if step < self._n_steps and painted < sum(due <= step for due in self._due):
            self._samples.paint(step, painter)
        self._bar.update(self._task, completed=step)
        lines = step * _LINES // self._n_steps
        if lines > self._lines and not self._console.is_terminal:
            seconds = time.monotonic() - self._start
            self._console.print(f"{self._name}: step {step} of {self._n_steps}, {seconds:.0f} s", highlight=False)
        self._lines = lines
