"""A fit that is watched: what the generator paints on the way is kept, and a line of progress."""

import time
from math import ceil
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from cellarena.synthesis.generators.spec import Painter
from cellarena.synthesis.previews import Previews

_PAINTED_AT = (0.02, 0.1, 0.3)
"""Shares of the steps after which previews are painted, beside the end."""
_LINES = 10


class Watching:
    """Watches a fit: paints previews at the steps that are due, and says how far it is.

    Args:
        previews: what is painted.
        n_steps: of the whole fit.
        name: of the generator.
    """

    def __init__(self, previews: Previews, n_steps: int, name: str) -> None:
        self._previews, self._n_steps, self._name = previews, n_steps, name
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
        painted = sum(earlier < step for earlier in self._previews.steps())
        if step < self._n_steps and painted < sum(due <= step for due in self._due):
            self._previews.paint(step, painter)
        self._bar.update(self._task, completed=step)
        lines = step * _LINES // self._n_steps
        if lines > self._lines and not self._console.is_terminal:
            seconds = time.monotonic() - self._start
            self._console.print(f"{self._name}: step {step} of {self._n_steps}, {seconds:.0f} s", highlight=False)
        self._lines = lines
