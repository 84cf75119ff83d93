"""The tidy score table: one row per run, image, protocol, IoU threshold and metric, a failed image too."""

from collections.abc import Iterable, Sequence

import pandas as pd

from cellarena.evaluation.protocols import PROTOCOLS, Row
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
        The columns of SCORES, sorted by image, protocol, threshold (NaN last) and metric.

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
    return _sorted(pd.DataFrame(rows, columns=SCORES.names))


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


def _sorted(scores: pd.DataFrame) -> pd.DataFrame:
    return scores.sort_values(["run", "image", "protocol", "threshold", "metric"], kind="stable", ignore_index=True)
