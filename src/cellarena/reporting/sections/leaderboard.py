"""The ranking, and what speaks against reading it naively."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd

from cellarena.reporting.document import Illustration, Notes, Section, ShownTable, Warnings
from cellarena.reporting.tables import (
    FLOOR,
    UNDEFINED,
    Table,
    cell_of,
    floor_marked,
    plain,
    range_of,
    row_name,
    table_with_failures,
)

_SHOWN = (
    "model", "arm", "seeds", "images", "coverage", "f1", "F1 interval", "F1 interval (images)", "F1 seed range",
    "f1_median", "f1_with_border", "precision", "recall", "dice", "failed", "empty",
)  # fmt: skip
_INTERVALS = {
    ("f1_low", "f1_high"): (
        "F1 interval",
        "the confidence interval of the model's mean, for other trainings on other images; undefined with one seed.",
    ),
    ("f1_images_low", "f1_images_high"): (
        "F1 interval (images)",
        "the confidence interval of these trainings' mean, for other images.",
    ),
}
"""By the columns of the bounds: the heading, and what it means."""


def leaderboard_section(summary: pd.DataFrame, protocol: str, figures: Sequence[Illustration] = ()) -> Section:
    """Return the ranking with its warnings, what the score is, and figures.

    Args:
        summary: a table of `evaluation.leaderboard.BENCHMARK`; intervals and coverage may be left out.
        protocol: name and version of the scores' protocol.
        figures: stand below the table.
    """
    ranking = ShownTable("Leaderboard", _table(summary))
    told = Warnings(_warnings(summary)), ranking, Notes(_notes(summary, protocol))
    return Section("Leaderboard", [*told, *figures])


def _table(summary: pd.DataFrame) -> Table:
    """Return the rows best F1 first, the seeds' range and the interval in one column each, the floor marked."""
    board = summary.sort_values(["f1", "model", "arm"], ascending=[False, True, True], na_position="last")
    shown = board.rename(columns={"n_seeds": "seeds", "n_images": "images"})
    shown["model"] = floor_marked(board["model"])
    shown["F1 seed range"] = [_seed_range(row) for row in board.to_dict("records")]
    for bounds, (heading, _) in _intervals(summary).items():
        shown[heading] = [_between(row, *bounds) for row in board.to_dict("records")]
    if _has_coverage(summary):
        shown["coverage"] = [f"{row['n_covered']} of {row['n_expected']}" for row in board.to_dict("records")]
        shown = shown.rename(columns={"n_empty": "empty"})
    columns = [name for name in _SHOWN if name in shown.columns]
    return table_with_failures(shown[columns], [not pd.isna(n) and n > 0 for n in board["failed"]])


def _intervals(summary: pd.DataFrame) -> dict[tuple[str, str], tuple[str, str]]:
    return {bounds: words for bounds, words in _INTERVALS.items() if set(bounds) <= set(summary.columns)}


def _has_coverage(summary: pd.DataFrame) -> bool:
    return {"n_expected", "n_covered", "n_empty"} <= set(summary.columns)


def _seed_range(row: Mapping[Hashable, Any]) -> str:
    if row["model"] == FLOOR:
        return UNDEFINED
    return "1 seed: no spread" if row["n_seeds"] == 1 else _between(row, "f1_seed_min", "f1_seed_max")


def _between(row: Mapping[Hashable, Any], lower: str, upper: str) -> str:
    low, high = cell_of(row[lower]), cell_of(row[upper])
    return UNDEFINED if low.number is None or high.number is None else f"{low.text} to {high.text}"


def _notes(summary: pd.DataFrame, protocol: str) -> list[str]:
    """Return sentences that define the score and say how many images and seeds it rests on."""
    learned = summary[summary["model"] != FLOOR]
    sentences = [
        f"Protocol {protocol}: F1 is the mean over test images, then over seeds, of F1 at IoU 0.5; objects that touch "
        "the image border are ignored in the annotation and in the prediction (challenge rule). “F1 with border” "
        "counts them.",
        f"Test images: {range_of(summary['n_images'])}. Seeds per learned model: {range_of(learned['n_seeds'])}.",
        f"An image where a value is undefined does not count in its mean; “{UNDEFINED}” is a value defined nowhere.",
    ]
    sentences += [f"{heading}: {meaning}" for heading, meaning in _intervals(summary).values()]
    if _has_coverage(summary):
        sentences.append(
            "Coverage: of the predictions that were expected over all seeds, those that are accounted for; a failed "
            "one is among them and scores 0. “empty” counts those without any object."
        )
    if (summary["model"] == FLOOR).any():
        sentences.append(f"The row “{FLOOR}” is a classical method (Otsu threshold, distance watershed): not learned.")
    return sentences


def _warnings(summary: pd.DataFrame) -> list[str]:
    found = [*_failures(summary), *_against_floor(summary)]
    if summary["n_images"].nunique(dropna=False) > 1:
        found.append("The rows rest on different numbers of images and cannot be compared directly.")
    single = sorted({plain(m) for m in summary.loc[(summary["n_seeds"] == 1) & (summary["model"] != FLOOR), "model"]})
    if single:
        found.append(
            f"1 seed: no spread ({', '.join(single)}). A difference between models may be a difference between seeds."
        )
    return found


def _failures(summary: pd.DataFrame) -> list[str]:
    return [
        f"{row_name(row)}: {int(row['failed'])} of {int(row['n_images'] * row['n_seeds'])} predictions failed "
        f"({int(row['n_images'])} images, {int(row['n_seeds'])} seed{'s' * (row['n_seeds'] != 1)})."
        for row in summary.to_dict("records")
        if not pd.isna(row["failed"]) and row["failed"] > 0
    ]


def _against_floor(summary: pd.DataFrame) -> list[str]:
    rows = summary.to_dict("records")
    floors = [row["f1"] for row in rows if row["model"] == FLOOR and not pd.isna(row["f1"])]
    learned = [row for row in rows if row["model"] != FLOOR]
    undefined = [f"{row_name(row)}: F1 is undefined." for row in learned if pd.isna(row["f1"])]
    if not floors:
        return [*undefined, f"There is no F1 of the classical floor ({FLOOR}) to compare with."]
    floor = max(floors)
    return undefined + [
        f"{row_name(row)}: F1 {row['f1']:.3f} is not above the classical floor ({FLOOR}, {floor:.3f})."
        for row in learned
        if not pd.isna(row["f1"]) and row["f1"] <= floor
    ]
