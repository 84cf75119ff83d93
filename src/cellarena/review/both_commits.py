"""Two commits side by side: files of both are read, and None is what one of them lacks."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from cellarena.evaluation.comparing import Comparing
from cellarena.layout import Layout
from cellarena.records import Record, Run
from cellarena.registry.repository.outputs import Output
from cellarena.review.changes import State
from cellarena.review.contents import Images
from cellarena.review.reading import Reader

T = TypeVar("T")


@dataclass(frozen=True)
class Reviewed:
    """What results are read with and where from."""

    reader: Reader
    before: State
    after: State
    layout: Layout
    """Of relative paths."""
    settings: Comparing

    def of_run(self, run: Run, part: str, parse: Callable[[Path], T | None]) -> tuple[T, T] | None:
        """Return what a function makes of a file of a run before and after, None unless both can be had."""
        return self._both((state.runs[run].get(part) for state in (self.before, self.after)), parse)

    def of_splits(self, path: Path, parse: Callable[[Path], T | None]) -> tuple[T, T] | None:
        """Return what a function makes of a file of the splits before and after, None unless both can be had."""
        folders = (self.reader.members(s.commit, s.output(self.layout.splits)) for s in (self.before, self.after))
        return self._both(((files or {}).get(path.name) for files in folders), parse)

    def _both(self, outputs: Iterable[Output | None], parse: Callable[[Path], T | None]) -> tuple[T, T] | None:
        commits = self.before.commit, self.after.commit
        before, after = (self.reader.read(*asked, parse) for asked in zip(commits, outputs, strict=True))
        return None if before is None or after is None else (before, after)


@dataclass(frozen=True)
class TestImages:
    """The test subset of both commits."""

    counts: Images
    after: Mapping[str, Record]
    """By their ids."""
    same: Mapping[str, str]
    """The id before of every image in both, by its id after."""
