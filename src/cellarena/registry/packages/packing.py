"""What is packed with a checkpoint: crops to prove it by, and what it scored."""

from collections.abc import Iterable, Sequence
from itertools import chain, zip_longest

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellarena.evaluation.bootstrap import images_interval
from cellarena.evaluation.comparing import Comparing
from cellarena.evaluation.coverage import COVERED, STATUSES, ImageStatus
from cellarena.evaluation.protocols import STRICT
from cellarena.evaluation.scores import of_protocol
from cellarena.records import Record
from cellarena.registry.packages.package import Score
from cellarena.seeds import generator
from cellarena.tables import IMAGE, MODALITY, numbers, schema, texts

PACKED_SCORES = schema(
    "package scores", "F1 of every test image, packed with a release; a line per record by id",
    IMAGE, MODALITY,
    texts("true_sha256?", "of the annotation's file; empty if the image was not scored"),
    texts("status", "as in the table of cells; missing if the image was not scored", *STATUSES),
    numbers("f1?", "F1 at IoU 0.5 under the challenge's border rule; empty if the image was not scored", "F1"),
)  # fmt: skip


def chosen_crops(records: Iterable[Record], n_crops: int) -> list[Record]:
    """Return the validation records that a package shows a crop of: of each modality in turn, by id."""
    modalities: dict[str, list[Record]] = {}
    for record in sorted(records, key=lambda record: record.id):
        modalities.setdefault(record.modality, []).append(record)
    in_turn = chain.from_iterable(zip_longest(*(modalities[name] for name in sorted(modalities))))
    return [record for record in in_turn if record is not None][:n_crops]


def centre(image: npt.NDArray[np.uint8], side: int) -> npt.NDArray[np.uint8]:
    """Return the middle of an (H, W, 3) image, at most `side` pixels high and wide."""
    top, left = (max(0, (length - side) // 2) for length in image.shape[:2])
    return image[top : top + side, left : left + side]


def score_lines(scores: pd.DataFrame, statuses: Sequence[ImageStatus], records: Sequence[Record]) -> pd.DataFrame:
    """Return a run's F1 of every test image, by the protocol that models are ranked by.

    Args:
        scores: the run's tidy score table.
        statuses: the status of every image that was scored.
        records: of the test subset.

    Returns:
        The columns of PACKED_SCORES.

    Raises:
        ValueError: if the scores are not of that protocol.
    """
    strict = of_protocol(scores, STRICT)
    chosen = strict[(strict["metric"] == "f1") & np.isclose(strict["threshold"], 0.5)]
    f1 = dict(zip(chosen["image"], chosen["value"], strict=True))
    by_image = {cell.image: cell for cell in statuses}
    lines = []
    for record in sorted(records, key=lambda record: record.id):
        cell = by_image.get(record.id, ImageStatus(record.id, "missing", "", "", ""))
        lines.append((record.id, record.modality, cell.true_sha256, cell.status, f1.get(record.id, float("nan"))))
    return pd.DataFrame(lines, columns=PACKED_SCORES.names)


def score_of(lines: pd.DataFrame, run: str, settings: Comparing) -> Score:
    """Return the mean F1 of `score_lines` with the BCa interval of these very weights on other images."""
    f1 = lines["f1"].dropna().to_numpy()
    interval = images_interval(f1, settings.confidence, settings.resamples, generator(0, "package", run))
    mean, low, high = map(_number, (f1.mean() if f1.size else float("nan"), *interval))
    n_covered = int(lines["status"].isin(COVERED).sum())
    return Score(protocol=STRICT, mean=mean, low=low, high=high, n_expected=len(lines), n_covered=n_covered)


def _number(value: float) -> float | None:
    """JSON knows no NaN."""
    return round(float(value), 6) if np.isfinite(value) else None
