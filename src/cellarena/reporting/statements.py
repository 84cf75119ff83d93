"""What a report says in words: how the score is defined, and what the reader must not overlook."""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from cellarena.reporting.report import FLOOR, Report
from cellarena.reporting.tables import UNDEFINED, plain


def protocol(report: Report) -> list[str]:
    """Return sentences that define the score and say how many images and seeds it rests on."""
    board = report.leaderboard
    learned = board[board["model"] != FLOOR]
    sentences = [
        "F1 is the mean over test images, then over seeds, of F1 at IoU 0.5; objects that touch the image "
        "border are ignored in the annotation and in the prediction (challenge rule). “F1 with border” counts them.",
        f"Test images: {_range(board['images'])}. Seeds per learned model: {_range(learned['seeds'])}.",
        f"An image where a value is undefined does not count in its mean; “{UNDEFINED}” is a value defined nowhere.",
    ]
    if (board["model"] == FLOOR).any():
        sentences.append(f"The row “{FLOOR}” is a classical method (Otsu threshold, distance watershed): not learned.")
    return sentences


def costs(report: Report) -> list[str]:
    """Return sentences that say what the costs are, and what of it is measured."""
    return [
        "Parameters are all of a network's, learned or frozen. Multiply-adds are those of one pass over a "
        "megapixel, of an ensemble those of all members and scales; tiles that overlap and mirrored views come on top.",
        "Training is the wall-clock time of one seed, validations included. Prediction is that from an image in memory "
        "to its labels, overlap and mirroring included, over all test images; reading and writing are not in it.",
        "Peak memory is what torch allocated on a CUDA device, elsewhere that of the process. Times and memory are the "
        "mean of the seeds on the machine that they ran on; they differ from machine to machine and a little from "
        "one repetition to the next.",
        "Time tolerance of the NeurIPS 2022 challenge: 10 s for an image, 10 s per megapixel for one above 1 MP. A row "
        "misses it if any test image of any seed takes longer; a share above 1 is a miss.",
        f"“{UNDEFINED}” does not apply to the row or was not measured; predictions timed by row: "
        f"{_range(report.costs['n_timed'])}.",
    ]


def warnings(report: Report) -> list[str]:
    """Return what speaks against reading the leaderboard naively; text from outside is on one line, not escaped."""
    board = report.leaderboard
    found = [*_failures(board), *_against_floor(board), *_too_slow(report.costs), *_devices(report.costs)]
    if board["images"].nunique(dropna=False) > 1:
        found.append("The rows rest on different numbers of images and cannot be compared directly.")
    single = sorted({plain(m) for m in board.loc[(board["seeds"] == 1) & (board["model"] != FLOOR), "model"]})
    if single:
        found.append(
            f"1 seed: no spread ({', '.join(single)}). A difference between models may be a difference between seeds."
        )
    return found


def leakage(report: Report) -> tuple[str, list[str]]:
    """Return a sentence on what might leak between the subsets, and what the reader must know of it."""
    found = report.leakage
    groups = f"{found.n_groups} group{'s' * (found.n_groups != 1)} of near-duplicates among {found.n_images} images"
    n = len(found.crossings)
    crossing = f"{n} group{'s' * (n != 1)} cross{'es' * (n == 1)}" if n else "no group of images crosses"
    return f"{groups}; {crossing} the subsets.", [plain(note) for note in (*found.crossings, *found.notes)]


def _failures(board: pd.DataFrame) -> list[str]:
    return [
        f"{_name(row)}: {int(row['failed'])} of {int(row['images'] * row['seeds'])} predictions failed "
        f"({int(row['images'])} images, {int(row['seeds'])} seed{'s' * (row['seeds'] != 1)})."
        for row in board.to_dict("records")
        if not pd.isna(row["failed"]) and row["failed"] > 0
    ]


def _against_floor(board: pd.DataFrame) -> list[str]:
    rows = board.to_dict("records")
    floors = [row["f1"] for row in rows if row["model"] == FLOOR and not pd.isna(row["f1"])]
    learned = [row for row in rows if row["model"] != FLOOR]
    undefined = [f"{_name(row)}: F1 is undefined." for row in learned if pd.isna(row["f1"])]
    if not floors:
        return [*undefined, f"There is no F1 of the classical floor ({FLOOR}) to compare with."]
    floor = max(floors)
    return undefined + [
        f"{_name(row)}: F1 {row['f1']:.3f} is not above the classical floor ({FLOOR}, {floor:.3f})."
        for row in learned
        if not pd.isna(row["f1"]) and row["f1"] <= floor
    ]


def _too_slow(costs: pd.DataFrame) -> list[str]:
    return [
        f"{_name(row)}: {row['n_over_tolerance']:.0f} of {row['n_timed']:.0f} predictions took longer than the "
        f"challenge tolerates, up to {row['slowest_share_of_tolerance']:.1f} times as long."
        for row in costs.to_dict("records")
        if row["time_tolerance"] == "misses"
    ]


def _devices(costs: pd.DataFrame) -> list[str]:
    devices = sorted({plain(name) for name in costs.loc[costs["model"] != FLOOR, "device"] if name})
    if len(devices) < 2:
        return []
    return [f"Times and memory of different devices cannot be compared directly: {'; '.join(devices)}."]


def _name(row: Mapping[Hashable, Any]) -> str:
    return f"{plain(row['model'])} on arm {plain(row['arm'])}"


def _range(counts: "pd.Series[int]") -> str:
    if counts.empty or counts.isna().all():
        return "none"
    low, high = int(counts.min()), int(counts.max())
    return str(low) if low == high else f"{low} to {high}"
