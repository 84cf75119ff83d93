"""What a review is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from cellarena.evaluation.comparing import Comparing
from cellarena.reporting.document import Illustration
from cellarena.review.before_after import CHANGE_COLUMNS, F1, IMAGE_COLUMNS
from cellarena.review.growth import Growth

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
    """What differs, results aside.

    Attributes:
        data: DATA_COLUMNS, a line per output; hashes empty where a commit does not promise it.
        added: to the storage by all outputs.
        added_data: by the data alone.
        parameters: columns name, before, after.
        files: columns path, n_added, n_removed; NaN for files that are no text.
        runs: RUN_COLUMNS, a line per run of which anything differs.
        n_runs: of the later commit.
        others: the paths of the remaining outputs that differ.
        outdated: stages of the later commit whose results were not made of what it holds, and what differs.
        altered: paths of the results that the later commit has in git and that are not what their stage made.
        libraries: in a few words each, those that changed runs learnt with and that the later commit does not pin.
    """

    data: pd.DataFrame
    added: Growth
    added_data: Growth
    parameters: pd.DataFrame
    files: pd.DataFrame
    runs: pd.DataFrame
    n_runs: int
    others: Sequence[str]
    outdated: Mapping[str, Sequence[str]]
    altered: Sequence[str] = ()
    libraries: Sequence[str] = ()


def _none(columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(columns=columns)


@dataclass(frozen=True)
class Results:
    """How the results differ.

    Attributes:
        images: of the test subset; None if its manifests could not be read or no scores differ.
        runs: of `before_after.run_changes`.
        rows: of `row_changes`.
        by_image: of `image_changes`.
        pictures: of the images that changed most.
        lost: LOST_COLUMNS, images that a run covered and does not cover any more, and those that now fail.
        leaks: None if the splits are the same or a report could not be read.
    """

    images: Images | None = None
    runs: pd.DataFrame = field(default_factory=lambda: _none(CHANGE_COLUMNS))
    rows: pd.DataFrame = field(default_factory=lambda: _none(CHANGE_COLUMNS))
    by_image: pd.DataFrame = field(default_factory=lambda: _none(IMAGE_COLUMNS))
    pictures: Sequence[Illustration] = ()
    lost: pd.DataFrame = field(default_factory=lambda: _none(LOST_COLUMNS))
    leaks: Leaks | None = None

    @property
    def compared(self) -> pd.DataFrame:
        """The lines of `runs` that are of F1."""
        return self.runs[self.runs["metric"] == F1]


@dataclass(frozen=True)
class Review:
    """A change from one commit to another.

    Attributes:
        before: the earlier commit.
        after: the later one.
        n_behind: commits of the earlier one's history that the later one lacks.
        settings: of the comparison.
        changes: what differs, results aside.
        results: how the results differ.
        unread: UNREAD_COLUMNS, what could not be read and is therefore not reviewed.
    """

    before: Side
    after: Side
    n_behind: int
    settings: Comparing
    changes: Changes
    results: Results
    unread: pd.DataFrame
