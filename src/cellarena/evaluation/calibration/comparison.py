"""The calibration of several runs side by side, a method without probabilities among them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cellarena.evaluation.calibration import objects, pixels
from cellarena.evaluation.calibration.per_image import REGIONS, SCALINGS
from cellarena.evaluation.calibration.tables import DIFFERENCE, OBJECTS
from cellarena.records import Run
from cellarena.tables import ARM, MODEL, RUN, SEED, integers, numbers, schema, texts

CALIBRATION = schema(
    "calibration",
    "Every metric of calibration of every run, before and after the temperature; empty without probabilities",
    RUN, MODEL, ARM, SEED,
    numbers("temperature?", "fitted on the validation subset"),
    texts("region", "pixels: all or boundary; or predicted objects", *REGIONS, OBJECTS),
    texts("metric", "the metric"),
    numbers("raw?", "its value before the temperature"),
    numbers("raw_low?, raw_high?", "95 % interval over images"),
    numbers("scaled?", "its value after the temperature"),
    numbers("scaled_low?, scaled_high?", "95 % interval over images"),
    numbers("difference?", "after minus before"),
    numbers("difference_low?, difference_high?", "95 % interval over images"),
    integers("n", "pixels or objects"),
    integers("n_images", "with any"),
    integers("n_failed", "without probabilities"),
)  # fmt: skip
_GRID = np.linspace(0, 1, 201)


@dataclass(frozen=True, eq=False)
class Calibration:
    """The tables of a run, as `evaluation.calibration.tables` makes them."""

    run: Run
    temperature: float
    summary: pd.DataFrame
    reliability: pd.DataFrame
    curves: pd.DataFrame


def side_by_side(calibrations: Sequence[Calibration], without: Sequence[Run]) -> pd.DataFrame:
    """Return a row per run, region and metric: the value before and after scaling, the difference, their intervals.

    Args:
        calibrations: of the runs that put out probabilities.
        without: runs that do not; their rows hold undefined values.

    Returns:
        The columns of CALIBRATION, sorted by run, region and metric.
    """
    known = [_wide(calibration) for calibration in calibrations]
    table = pd.concat([*known, *(_undefined(run) for run in without)], ignore_index=True)
    order = ["model", "arm", "seed", "region", "metric"]
    return table.sort_values(order, kind="stable", ignore_index=True)[CALIBRATION.names]


def pooled_reliability(calibrations: Sequence[Calibration]) -> pd.DataFrame:
    """Return reliability by bin over all seeds of a row, pixel by pixel and object by object.

    Returns:
        Columns row (in the order given), region, scaling, low, high, n, confidence, accuracy.
    """
    parts = [calibration.reliability.assign(row=calibration.run.model) for calibration in calibrations]
    if not parts:
        return pd.DataFrame(columns=["row", "region", "scaling", "low", "high", "n", "confidence", "accuracy"])
    table = pd.concat(parts, ignore_index=True)
    for mean in ("confidence", "accuracy"):
        table[mean] = (table[mean] * table["n"]).fillna(0)
    keys = ["row", "region", "scaling", "low", "high"]
    sums = table.groupby(keys, sort=False)[["n", "confidence", "accuracy"]].sum().reset_index()
    for mean in ("confidence", "accuracy"):
        sums[mean] /= sums["n"].where(sums["n"] > 0)
    return sums


def mean_curves(calibrations: Sequence[Calibration]) -> pd.DataFrame:
    """Return risk over coverage before scaling: column coverage and one of risk per row, the mean of its seeds."""
    rows: dict[str, list[np.ndarray]] = {}
    for calibration in calibrations:
        raw = calibration.curves[calibration.curves["scaling"] == SCALINGS[0]]
        risk = np.interp(_GRID, raw["coverage"], raw["risk"]) if len(raw) else np.full(len(_GRID), np.nan)
        rows.setdefault(calibration.run.model, []).append(risk)
    # A seed without objects has no curve, which does not concern the others.
    means = {row: pd.DataFrame(risks).mean().to_numpy() for row, risks in rows.items()}
    return pd.DataFrame({"coverage": _GRID, **means})


def _wide(calibration: Calibration) -> pd.DataFrame:
    counts = ["n", "n_images", "n_failed"]
    keys = ["region", "metric"]
    table = calibration.summary.groupby(keys)[counts].first().reset_index()
    for scaling in (*SCALINGS, DIFFERENCE):
        names = {"value": scaling, "low": f"{scaling}_low", "high": f"{scaling}_high"}
        part = calibration.summary[calibration.summary["scaling"] == scaling].rename(columns=names)
        table = table.merge(part[[*keys, *names.values()]], on=keys, validate="one_to_one")
    return _named(table, calibration.run, calibration.temperature)


def _undefined(run: Run) -> pd.DataFrame:
    of_region = {region: list(pixels.METRICS) for region in REGIONS} | {OBJECTS: list(objects.METRICS)}
    rows = [(region, metric) for region, metrics in of_region.items() for metric in metrics]
    table = pd.DataFrame(rows, columns=["region", "metric"]).assign(n=0, n_images=0, n_failed=0)
    return _named(table, run, np.nan).reindex(columns=CALIBRATION.names)


def _named(table: pd.DataFrame, run: Run, temperature: float) -> pd.DataFrame:
    return table.assign(run=str(run), model=run.model, arm=run.arm, seed=run.seed, temperature=temperature)
