"""The tidy score table: one row per run, image, protocol, IoU threshold and metric, a failed image too."""

from collections.abc import Mapping, Sequence

import pandas as pd

from cellarena.evaluation.protocols import PROTOCOLS
from cellarena.images.io import LabelImage
from cellarena.records import Run
from cellarena.tables import IMAGE, RUN, numbers, schema, texts

SCORES = schema(
    "scores", "Every score of every test image of a run; sorted, a failed image too",
    RUN, IMAGE,
    texts("protocol", "how it was scored, with the version: strict-1"),
    numbers("threshold?", "the smallest IoU of a match; empty for a metric that knows none"),
    texts("metric", "the metric"),
    numbers("value?", "its value, in the metric's unit; empty where undefined"),
)  # fmt: skip
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
        The columns of SCORES, sorted by image, protocol, threshold (NaN last) and metric.

    Raises:
        ValueError: if there is no image.
    """
    if not images:
        raise ValueError(f"{run}: no image to score; the test subset is empty")
    rows = [(str(run), image, *row) for image, scored in images.items() for row in scored]
    return _sorted(pd.DataFrame(rows, columns=SCORES.names))


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


def _sorted(scores: pd.DataFrame) -> pd.DataFrame:
    return scores.sort_values(["run", "image", "protocol", "threshold", "metric"], kind="stable", ignore_index=True)
