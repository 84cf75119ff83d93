"""The tidy score table: one row per run, image, protocol, IoU threshold and metric, a failed image too."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from cellarena.evaluation.protocols import PROTOCOLS, Row
from cellarena.evaluation.tables import write_table
from cellarena.images.io import LabelImage
from cellarena.records import Run

COLUMNS = ["run", "image", "protocol", "threshold", "metric", "value"]
THRESHOLDS = tuple(round(0.5 + 0.05 * i, 2) for i in range(10))


def score(
    pairs: Iterable[tuple[str, LabelImage, LabelImage | None]],
    run: Run,
    thresholds: Sequence[float] = THRESHOLDS,
    protocols: Sequence[str] = ("strict", "official"),
) -> pd.DataFrame:
    """Return the score table of one run.

    Args:
        pairs: record id, annotation, and prediction or None where there is none; read one at a time.
        run: the run that predicted.
        thresholds: IoU thresholds in (0, 1].
        protocols: names of the catalog `PROTOCOLS`.

    Returns:
        Columns run, image, protocol (such as strict-1), threshold, metric, value; sorted by image, protocol, threshold
        (NaN last) and metric.

    Raises:
        ValueError: if there is no pair, an id comes twice, or a pair cannot be scored; the message names the image.
    """
    chosen = [PROTOCOLS[name] for name in protocols]
    images: dict[str, list[tuple[str, Row]]] = {}
    for record_id, true, pred in pairs:
        if record_id in images:
            raise ValueError(f"image {record_id!r} comes twice in the predictions of {run}")
        try:
            images[record_id] = [(str(p), row) for p in chosen for row in p.score(true, pred, thresholds)]
        except ValueError as error:
            raise ValueError(f"{run}, image {record_id!r}: {error}") from error
    if not images:
        raise ValueError(f"{run}: no image to score; the test subset is empty")
    rows = [(str(run), image, protocol, *row) for image, scored in images.items() for protocol, row in scored]
    return _sorted(pd.DataFrame(rows, columns=COLUMNS))


def of_protocol(scores: pd.DataFrame, protocol: str) -> pd.DataFrame:
    """Return the rows of one protocol, such as `STRICT`, numbered anew.

    Raises:
        ValueError: if there are none; the message says by which protocols the scores were made.
    """
    rows = scores[scores["protocol"] == protocol].reset_index(drop=True)
    if rows.empty:
        runs, found = (", ".join(sorted(set(scores[column]))) or "none" for column in ("run", "protocol"))
        raise ValueError(f"{runs}: no scores of protocol {protocol}, only of {found}; run `cellarena rescore`")
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
        raise ValueError(f"{path}: columns are {list(scores.columns)}, expected {COLUMNS}; run `cellarena rescore`")
    return scores


def _read(path: Path) -> pd.DataFrame:
    kinds = {"run": str, "image": str, "protocol": str, "threshold": float, "metric": str, "value": float}
    empty = {"threshold": [""], "value": [""]}
    try:
        return pd.read_csv(path, dtype=kinds, keep_default_na=False, na_values=empty, encoding="utf-8")
    except ValueError as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{path}: not a score table ({reason}); run `cellarena rescore`") from error


def _sorted(scores: pd.DataFrame) -> pd.DataFrame:
    return scores.sort_values(["run", "image", "protocol", "threshold", "metric"], kind="stable", ignore_index=True)
