"""The tidy score table: one row per run, image, protocol, IoU threshold and metric, a failed image too."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from cellarena.evaluation.protocols import PROTOCOLS
from cellarena.evaluation.tables import write_table
from cellarena.images.io import LabelImage
from cellarena.records import Run

COLUMNS = ["run", "image", "protocol", "threshold", "metric", "value"]
THRESHOLDS = tuple(round(0.5 + 0.05 * i, 2) for i in range(10))
Scored = list[tuple[str, float, str, float]]
"""Protocol with its version, IoU threshold (NaN for what knows none), metric, value."""


def score_image(
    true: LabelImage, pred: LabelImage | None, thresholds: Sequence[float], protocols: Sequence[str]
) -> Scored:
    """Return what an image's prediction is worth; None stands for one that failed or is missing.

    Raises:
        ValueError: if the pair cannot be scored.
    """
    chosen = [PROTOCOLS[name] for name in protocols]
    return [(str(protocol), *row) for protocol in chosen for row in protocol.score(true, pred, thresholds)]


def score_table(images: Mapping[str, Scored], run: Run) -> pd.DataFrame:
    """Return the score table of one run from what `score_image` returned, by the ids of the records.

    Returns:
        Columns run, image, protocol (such as strict-1), threshold, metric, value; sorted by image, protocol, threshold
        (NaN last) and metric.

    Raises:
        ValueError: if there is no image.
    """
    if not images:
        raise ValueError(f"{run}: no image to score; the test subset is empty")
    rows = [(str(run), image, *row) for image, scored in images.items() for row in scored]
    return _sorted(pd.DataFrame(rows, columns=COLUMNS))


def of_protocol(scores: pd.DataFrame, protocol: str) -> pd.DataFrame:
    """Return the rows of one protocol, such as `STRICT`, numbered anew.

    Raises:
        ValueError: if there are none; the message says by which protocols the scores were made.
    """
    rows = scores[scores["protocol"] == protocol].reset_index(drop=True)
    if rows.empty:
        runs, found = (", ".join(sorted(set(scores[column]))) or "none" for column in ("run", "protocol"))
        raise ValueError(f"{runs}: no scores of protocol {protocol}, only of {found}; run `cellarena evaluate`")
    return rows


def write_scores(scores: pd.DataFrame, path: Path) -> None:
    """Write a score table as CSV: sorted, six significant digits, NaN empty, LF; whole or not at all."""
    write_table(_sorted(scores)[COLUMNS], path)


def read_scores(path: Path) -> pd.DataFrame:
    """Return a score table as it was written; values have six significant digits.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if a column is missing or a value is no number.
    """
    scores = _read(path)
    if list(scores.columns) != COLUMNS:
        raise ValueError(f"{path}: columns are {list(scores.columns)}, expected {COLUMNS}; run `cellarena evaluate`")
    return scores


def _read(path: Path) -> pd.DataFrame:
    kinds = {"run": str, "image": str, "protocol": str, "threshold": float, "metric": str, "value": float}
    empty = {"threshold": [""], "value": [""]}
    try:
        return pd.read_csv(path, dtype=kinds, keep_default_na=False, na_values=empty, encoding="utf-8")
    except ValueError as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{path}: not a score table ({reason}); run `cellarena evaluate`") from error


def _sorted(scores: pd.DataFrame) -> pd.DataFrame:
    return scores.sort_values(["run", "image", "protocol", "threshold", "metric"], kind="stable", ignore_index=True)
