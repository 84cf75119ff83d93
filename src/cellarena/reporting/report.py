"""What a report is made of: facts, tables, leakage and illustrations."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import pandas as pd

FLOOR = "otsu"
"""The classical method of the table (Otsu threshold and distance watershed): it is not learned."""

LEADERBOARD_COLUMNS = (
    "model", "arm", "seeds", "images", "f1", "f1_min", "f1_max", "f1_median", "f1_with_border",
    "precision", "recall", "dice", "failed",
)  # fmt: skip
COST_COLUMNS = (
    "model", "arm", "variant", "n_parameters", "multiply_adds_per_megapixel", "training_seconds",
    "seconds_per_megapixel", "peak_memory_mb", "time_tolerance", "slowest_share_of_tolerance", "n_over_tolerance",
    "n_timed", "device",
)  # fmt: skip
IMAGE_COLUMNS = ("image", "failure")


@dataclass(frozen=True)
class Illustration:
    """A figure of the report: `path` is relative to the report's folder, such as `../plots/dataset/overall.png`."""

    title: str
    path: str
    caption: str

    def __post_init__(self) -> None:
        if PurePosixPath(self.path).is_absolute() or ":" in self.path or "\\" in self.path:
            raise ValueError(f"figure {self.path!r}: give a path relative to the report's folder")


@dataclass(frozen=True)
class Leakage:
    """What the leakage check of a split found.

    Attributes:
        n_images: in all subsets.
        n_groups: groups of two or more near-duplicates.
        crossings: for each group that is in more than one subset, its images and their subsets.
        notes: what else is to be known, such as a modality that a subset lacks.
    """

    n_images: int
    n_groups: int
    crossings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """Everything that a report says; NaN or None in a table is an undefined value.

    Attributes:
        title: of the report.
        facts: names and values (data source, licence, images by subset and modality, budget, code version, protocol).
        leaderboard: one row per model and arm with at least LEADERBOARD_COLUMNS; `f1` is the mean over images, then
            seeds, of F1 at IoU 0.5; `f1_min` and `f1_max` are those of the worst and the best seed; `failed` counts
            images without a prediction, over all seeds.
        costs: one row per model and arm with at least COST_COLUMNS, as `evaluation.summary.costs_by_row` makes them.
        modalities: any table of scores by modality.
        images: one row per image with at least IMAGE_COLUMNS; `failure` says why an image failed, else it is empty.
        leakage: what the check of the split found.
        figures: in the order in which they are to stand.
    """

    title: str
    facts: Sequence[tuple[str, str]]
    leaderboard: pd.DataFrame
    costs: pd.DataFrame
    modalities: pd.DataFrame
    images: pd.DataFrame
    leakage: Leakage
    figures: Sequence[Illustration]

    def __post_init__(self) -> None:
        _require("leaderboard", self.leaderboard, LEADERBOARD_COLUMNS)
        _require("costs", self.costs, COST_COLUMNS)
        _require("per-image table", self.images, IMAGE_COLUMNS)


def _require(name: str, table: pd.DataFrame, columns: Sequence[str]) -> None:
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise ValueError(f"{name}: column {', '.join(missing)} is missing; it has {', '.join(map(str, table.columns))}")
