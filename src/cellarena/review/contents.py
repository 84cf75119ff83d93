"""What a review is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from cellarena.evaluation.comparing import Comparing
from cellarena.reporting.document import Illustration
from cellarena.review.before_after import CHANGE_COLUMNS, F1, IMAGE_COLUMNS
from cellarena.review.differences import Growth

SAME, CHANGED, NEW, GONE, NONE = "same", "changed", "new", "gone", "\N{EN DASH}"
"""What became of a part of a run; NONE where neither commit has it."""
DATA_COLUMNS = ["output", "before", "after", "files_before", "files_after", "bytes_before", "bytes_after"]
RUN_COLUMNS = ["run", "checkpoint", "predictions", "scores", "because"]
PARTS = RUN_COLUMNS[1:4]
LOST_COLUMNS = ["run", "image", "before", "after", "note"]
UNREAD_COLUMNS = ["path", "commit", "reason"]


@dataclass(frozen=True)
class Side:
    """A commit as the user named it, its hash and the first line of its message."""

    name: str
    commit: str
    subject: str

    def __str__(self) -> str:
        return f"{self.name} ({self.commit[:7]}, {self.subject})"


@dataclass(frozen=True)
class Images:
    """Test images of both commits, and how many have the same content in both."""

    n_before: int
    n_after: int
    n_same: int


@dataclass(frozen=True)
class Leaks:
    """Groups of images that cross the subsets, in words: those that are new and those that are no more."""

    new: Sequence[str]
    gone: Sequence[str]


@dataclass(frozen=True)
class Changes:
    """What differs, results aside."""

    data: pd.DataFrame
    """DATA_COLUMNS, a line per output; hashes empty where a commit does not promise it."""
    added: Growth
    added_data: Growth
    parameters: pd.DataFrame
    """Columns name, before, after."""
    files: pd.DataFrame
    """Of `differences.changed_files`."""
    runs: pd.DataFrame
    """RUN_COLUMNS, a line per run of which anything differs."""
    n_runs: int
    """Of the later commit."""
    others: Sequence[str]
    """The paths of the remaining outputs that differ."""
    outdated: Mapping[str, Sequence[str]]
    """Stages of the later commit whose results were not made of what it holds, and what differs."""
    altered: Sequence[str] = ()
    """Paths of the results that the later commit has in git and that are not what their stage made."""
    libraries: Sequence[str] = ()
    """In a few words each, those that changed runs learnt with and that the later commit does not pin."""


@dataclass(frozen=True)
class Results:
    """How the results differ: runs, rows and images as `before_after` returns them."""

    images: Images | None = None
    """Of the test subset; None if its manifests could not be read or no scores differ."""
    runs: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=CHANGE_COLUMNS))
    rows: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=CHANGE_COLUMNS))
    by_image: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=IMAGE_COLUMNS))
    pictures: Sequence[Illustration] = ()
    """Of the images that changed most."""
    lost: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=LOST_COLUMNS))
    """LOST_COLUMNS, images that a run covered and does not cover any more, and those that now fail."""
    leaks: Leaks | None = None
    """None if the splits are the same or a report could not be read."""

    @property
    def compared(self) -> pd.DataFrame:
        """The lines of `runs` that are of F1."""
        return self.runs[self.runs["metric"] == F1]


@dataclass(frozen=True)
class Review:
    """A change from one commit to another."""

    before: Side
    after: Side
    n_behind: int
    """Commits of the earlier one's history that the later one lacks."""
    settings: Comparing
    changes: Changes
    results: Results
    unread: pd.DataFrame
    """UNREAD_COLUMNS, what could not be read and is therefore not reviewed."""
