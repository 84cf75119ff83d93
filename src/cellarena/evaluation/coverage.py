"""Coverage before score: the status of every (run, image) cell that a comparison expects."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cellarena.evaluation.matching import refuse_unlike
from cellarena.images.io import LabelImage
from cellarena.records import Run
from cellarena.tables import ARM, IMAGE, MODEL, SEED, integers, schema, texts

OK, EMPTY, FAILED, MISSING, STALE = "ok", "empty", "failed", "missing", "stale"
STATUSES = (OK, EMPTY, FAILED, MISSING, STALE)
COVERED = frozenset({OK, EMPTY, FAILED})
"""A failure is an answer, scored 0; what is missing or changed since it was scored is none."""
_RUN = ["model", "arm", "seed"]
CELLS = schema(
    "cells", "What was scored of every test image of a run, as it was then",
    IMAGE,
    texts("status", "ok, empty: nothing predicted, failed: no usable prediction, missing", *STATUSES),
    texts("true_sha256?", "of the annotation's file"),
    texts("pred_sha256?", "of the prediction's file"),
    texts("note?", "why it failed, or what is odd about it"),
)  # fmt: skip
COVERAGE = schema(
    "coverage", "How many cells, images of a run, a comparison expects and has",
    MODEL, ARM, SEED,
    integers("n_expected", "test images"),
    integers("n_covered", "of them scored, and unchanged since: ok, empty or failed"),
    integers("n_ok, n_empty, n_failed, n_missing, n_stale", "of them with this status"),
)  # fmt: skip
_SHOWN = 3


@dataclass(frozen=True)
class ImageStatus:
    """What was scored of one image, as it was then: a row of CELLS."""

    image: str
    status: str
    true_sha256: str
    pred_sha256: str
    note: str


Hashes = Mapping[tuple[Run, str], tuple[str, str]]
"""Of a run and an image: the sha256 of its annotation and of its prediction as they are now, empty where none is."""


def status_of(true: LabelImage, pred: LabelImage) -> tuple[str, str]:
    """Return status and note of a prediction that was read: ok, empty, or failed if it is no label image of its image.

    Args:
        true: (H, W) label image.
        pred: what the prediction's file holds.

    Raises:
        ValueError: if the annotation is no label image.
    """
    refuse_unlike(true, true)
    try:
        refuse_unlike(true, pred)
    except ValueError as error:
        return FAILED, str(error)
    largest = pred.max(initial=0)
    if largest == 0:
        return EMPTY, ""
    if not np.any((pred > 0) & (pred < largest)) and np.any((true > 0) & (true != true.max())):
        return OK, f"all of it is one object, {largest}: a binary image instead of labels?"
    return OK, ""


def write_statuses(cells: Iterable[ImageStatus], path: Path) -> None:
    """Write cells as CSV, sorted by image; whole or not at all."""
    table = pd.DataFrame([asdict(cell) for cell in cells], columns=CELLS.names)
    CELLS.write(table.sort_values("image", kind="stable"), path)


def read_statuses(path: Path) -> list[ImageStatus] | None:
    """Return the cells of a run, None if it was not scored.

    Raises:
        ValueError: if the file is no table of cells.
    """
    return [ImageStatus(*row) for row in CELLS.read(path).itertuples(index=False)] if path.is_file() else None


def coverage(images: Sequence[str], cells: Mapping[Run, Sequence[ImageStatus] | None], now: Hashes) -> pd.DataFrame:
    """Return the status of every expected cell.

    Args:
        images: ids of the test records.
        cells: of each expected run, what was scored; None if nothing was.
        now: hashes of the files as they are.

    Returns:
        Columns model, arm, seed, image, status, note; a row per run and image, sorted. A cell is stale if its
        annotation or prediction is not the one that was scored.
    """
    rows = []
    for run in sorted(cells):
        known = {cell.image: cell for cell in cells[run] or ()}
        for image in sorted(images):
            status, note = _status(known.get(image), now.get((run, image), ("", "")))
            rows.append((run.model, run.arm, run.seed, image, status, note))
    return pd.DataFrame(rows, columns=[*_RUN, "image", "status", "note"])


def coverage_by_run(table: pd.DataFrame) -> pd.DataFrame:
    """Return how many cells of each run have which status: the columns of COVERAGE; a row per run.

    Args:
        table: what `coverage` returned.
    """
    counts = table.groupby([*_RUN, "status"]).size().unstack(fill_value=0).reindex(columns=STATUSES, fill_value=0)
    columns = {"n_expected": counts.sum(axis=1), "n_covered": counts[sorted(COVERED)].sum(axis=1)}
    return pd.DataFrame({**columns, **{f"n_{status}": counts[status] for status in STATUSES}}).reset_index()


def refuse_uncovered(table: pd.DataFrame) -> None:
    """Do nothing if every run covers every expected image: only then do their scores compare.

    Raises:
        ValueError: if one does not; the message names run, status and images, and the way out.
    """
    open_ = table[~table["status"].isin(COVERED)]
    cells: dict[tuple[Run, str], list[str]] = {}
    for model, arm, seed, image, status in open_[[*_RUN, "image", "status"]].itertuples(index=False, name=None):
        cells.setdefault((Run(model, arm, seed), status), []).append(image)
    faults = [f"{run}: {len(images)} {status} ({_few(images)})" for (run, status), images in sorted(cells.items())]
    if faults:
        ways = {MISSING: "`dvc repro` makes what is missing", STALE: "`cellarena evaluate` scores what has changed"}
        way = "; ".join(ways[status] for status in (MISSING, STALE) if (open_["status"] == status).any())
        raise ValueError(f"runs cannot be ranked on unequal coverage: {'; '.join(faults)}; {way}")


def _few(images: Sequence[str]) -> str:
    more = f" and {len(images) - _SHOWN} more" if len(images) > _SHOWN else ""
    return ", ".join(images[:_SHOWN]) + more


def _status(cell: ImageStatus | None, now: tuple[str, str]) -> tuple[str, str]:
    if cell is None:
        return MISSING, "not scored"
    if (cell.true_sha256, cell.pred_sha256) == now:
        return cell.status, cell.note
    changed = "annotation" if cell.true_sha256 != now[0] else "prediction"
    return STALE, f"{changed} changed since it was scored"
