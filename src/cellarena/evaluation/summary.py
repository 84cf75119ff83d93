"""From the score tables of all runs to the tables of a comparison."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from cellarena.evaluation.aggregates import aggregates, by_image, n_defined
from cellarena.evaluation.costs import PredictionCosts, TrainingCosts
from cellarena.evaluation.coverage import coverage_by_run, refuse_uncovered
from cellarena.evaluation.statistics import IMAGES_INTERVAL, INTERVAL
from cellarena.evaluation.strata import DENSITIES, SIZES, strata
from cellarena.evaluation.trials import TRIAL_COLUMNS
from cellarena.records import Record, Run
from cellarena.tables import ARM, MODEL, integers, numbers, schema, texts

Tables = Sequence[tuple[Run, pd.DataFrame]]
RunCosts = tuple[TrainingCosts | None, PredictionCosts | None]
Number = int | float | None
Summary = dict[str, dict[str, dict[str, Number]]]

RANKING_THRESHOLD = 0.5
DIGITS = 6
HEADLINES = ("f1", "f1_median", "f1_all", "dice", "failed")
BENCHMARK = schema(
    "benchmark",
    "Rows by F1; the mean over images, then seeds, at IoU 0.5 under the border rule unless the name says otherwise",
    MODEL, ARM,
    integers("n_expected, n_covered, n_empty", "cells, over all seeds: expected, scored, nothing predicted"),
    numbers("f1?, precision?, recall?", "of detection"),
    numbers("*?", "the metric of this name, in its unit: metrics.md"),
    numbers("f1_with_border?, precision_with_border?, recall_with_border?", "without the border rule"),
    numbers("f1_median?, precision_median?, recall_median?", "median over images"),
    numbers("f1_pooled?, precision_pooled?, recall_pooled?", "from the sums of tp, fp and fn"),
    numbers("f1_pooled_with_border?, precision_pooled_with_border?, recall_pooled_with_border?", "both"),
    numbers("f1_without_largest?, f1_pooled_without_largest?", "without the image of the most objects", "F1"),
    numbers("f1_*?", "of the images of this modality", "F1"),
    numbers(", ".join(f"f1_{name}?" for name in SIZES), "of a third of the images by median area", "F1"),
    numbers(", ".join(f"f1_{name}?" for name in DENSITIES), "of a third by objects per megapixel", "F1"),
    numbers("f1_all?", "over all thresholds", "F1"),
    numbers("f1_seed_min?, f1_seed_max?", "of the extreme seeds", "F1"),
    integers("failed", "cells without a usable prediction"),
    integers("n_images, n_seeds", "that the values rest on"),
    integers("n_*", "cells in which this metric is defined"),
    tuple(replace(column, name=f"f1_{column.name}") for column in (*INTERVAL, *IMAGES_INTERVAL)),
    numbers("noise_floor?", "how far two trainings are apart that differ in the seed alone, on average", "F1"),
    texts("variant?, device?", "of the model, and what it predicted on"),
    integers("n_parameters?", "of the network"),
    numbers("multiply_adds_per_megapixel?", "of network input, each pixel once", "1/MP"),
    numbers("training_seconds?", "of a training, validations included", "s"),
    numbers("seconds_per_megapixel?", "of prediction", "s/MP"),
    numbers("peak_memory_mb?", "of prediction", "10^6 bytes"),
    texts("time_tolerance", "that of the challenge", "meets", "misses", "not measured"),
    numbers("slowest_share_of_tolerance?", "of the slowest image of any seed; above 1 is a miss"),
    integers("n_over_tolerance?, n_timed", "cells that took longer, of those that were timed"),
    integers("n_trainings", "behind training_seconds"),
)  # fmt: skip


def summarize(tables: Tables, records: Sequence[Record]) -> Summary:
    """Return the comparison's numbers by model, arm and metric.

    A value is the mean over images, then over seeds, at IoU 0.5 under the challenge's border rule unless its name says
    otherwise: `_with_border`; `_median` over images; `_pooled` from the sums of tp, fp and fn; `f1_all` over all
    thresholds; `f1_<modality>`, `f1_small` to `f1_large` (thirds of the images by the median area of their objects)
    and `f1_sparse` to `f1_dense` (by objects per megapixel) of some images; `_without_largest` without the image of
    the most annotated objects; `f1_seed_min` and `f1_seed_max` of the extreme seeds. Images where a metric is
    undefined do not count in it, and `n_<metric>` says in how many (image, seed) cells it was defined; `failed` counts
    failed cells.

    Args:
        tables: each run and the rows of one protocol in its score table.
        records: the test records, for their modalities.

    Returns:
        model -> arm -> metric -> number rounded to 6 digits, None where it is undefined; models, arms and modalities
        sorted.

    Raises:
        ValueError: if there is no table, a run comes twice, or a run was not scored on exactly these records.
    """
    _refuse_uneven(tables, records)
    groups = strata(tables[0][1], records)
    summary: Summary = {}
    for model, arm in _cells(tables):
        runs = [table for run, table in tables if (run.model, run.arm) == (model, arm)]
        summary.setdefault(model, {})[arm] = _metrics(runs, groups)
    return summary


def headlines(summary: Summary) -> Summary:
    """Return the few metrics of each cell that a table of experiments has room for."""
    return {
        model: {arm: {name: cell[name] for name in HEADLINES} for arm, cell in arms.items()}
        for model, arms in summary.items()
    }


def leaderboard(summary: Summary, coverage: pd.DataFrame) -> pd.DataFrame:
    """Return one row per model and arm, best F1 first, and how many cells it rests on.

    Args:
        summary: what `summarize` returned.
        coverage: the status of every expected cell, as `evaluation.coverage.coverage` returns it.

    Returns:
        Columns model, arm, n_expected, n_covered, n_empty (cells, over all seeds), then the metrics of `summarize`.

    Raises:
        ValueError: if a run lacks cells; the message names them.
    """
    refuse_uncovered(coverage)
    cells = coverage_by_run(coverage).groupby(["model", "arm"])[["n_expected", "n_covered", "n_empty"]].sum()
    rows = [{"model": model, "arm": arm, **cell} for model, arms in summary.items() for arm, cell in arms.items()]
    table = cells.reset_index().merge(pd.DataFrame(rows), on=["model", "arm"], how="right", validate="one_to_one")
    return table.sort_values(["f1", "model", "arm"], ascending=[False, True, True], kind="stable", ignore_index=True)


def costs_by_row(costs: Mapping[Run, RunCosts]) -> pd.DataFrame:
    """Return what each row of the comparison costs, the mean over the seeds that were measured.

    Args:
        costs: of each run, None for what was not measured.

    Returns:
        One row per model and arm, sorted: the columns of BENCHMARK from variant on, NaN where they do not apply or were
        not measured.
    """
    rows = []
    for model, arm in sorted({(run.model, run.arm) for run in costs}):
        found = [costs[run] for run in sorted(costs) if (run.model, run.arm) == (model, arm)]
        trainings = [training for training, _ in found if training]
        predictions = [prediction for _, prediction in found if prediction]
        rows.append({"model": model, "arm": arm, **_costs(trainings, predictions)})
    return pd.DataFrame(rows).astype({"n_parameters": "Int64", "n_over_tolerance": "Int64"})


def f1_over_thresholds(tables: Tables, arm: str) -> pd.DataFrame:
    """Return the mean F1 (over images, then seeds) at every IoU threshold: columns threshold and one per model.

    Raises:
        ValueError: if no run is of that arm.
    """
    curves = {
        model: pd.concat([_by_threshold(table) for table in runs], axis=1).mean(axis=1)
        for model, runs in _of_arm(tables, arm).items()
    }
    return pd.DataFrame(curves).rename_axis("threshold").reset_index().round(DIGITS)


def per_image(tables: Tables, arm: str) -> pd.DataFrame:
    """Return F1 at IoU 0.5 of every image, the mean over seeds: columns image and one per model.

    Raises:
        ValueError: if no run is of that arm.
    """
    columns = {
        model: pd.concat([_of_images(table, "f1") for table in runs], axis=1).mean(axis=1)
        for model, runs in _of_arm(tables, arm).items()
    }
    return pd.DataFrame(columns).rename_axis("image").sort_index().reset_index().round(DIGITS)


def trial_table(tables: Tables) -> pd.DataFrame:
    """Return F1 at IoU 0.5 of every row (`model-arm`), seed and image: columns row, seed, image, value."""
    parts = [
        _of_images(table, "f1").rename_axis("image").reset_index().assign(row=run.row, seed=run.seed)
        for run, table in tables
    ]
    return pd.concat(parts, ignore_index=True)[list(TRIAL_COLUMNS)]


def _metrics(runs: Sequence[pd.DataFrame], groups: pd.DataFrame) -> dict[str, Number]:
    images = [by_image(table, RANKING_THRESHOLD) for table in runs]
    numbers = aggregates(images, groups)
    numbers["f1_all"] = float(np.mean([_by_threshold(table).mean() for table in runs]))
    seeds = [float(image["f1"].mean()) for image in images]
    numbers["f1_seed_min"], numbers["f1_seed_max"] = min(seeds), max(seeds)
    counts = {"failed": sum(int(image["failed"].sum()) for image in images)}
    counts |= {"n_images": len(groups), "n_seeds": len(images), **n_defined(images)}
    return {**{name: _rounded(value) for name, value in numbers.items()}, **counts}


def _costs(trainings: Sequence[TrainingCosts], predictions: Sequence[PredictionCosts]) -> dict[str, str | Number]:
    slowest = [p.slowest_share_of_tolerance for p in predictions if p.slowest_share_of_tolerance is not None]
    n_timed = sum(p.n_images for p in predictions)
    n_over = sum(p.n_over_tolerance for p in predictions)
    n_parameters = _mean([p.n_parameters for p in predictions])
    return {
        "variant": " / ".join(sorted({p.variant for p in predictions})),
        "device": " / ".join(sorted({p.device for p in predictions})),
        "n_parameters": None if np.isnan(n_parameters) else round(n_parameters),
        "multiply_adds_per_megapixel": _mean([p.multiply_adds_per_megapixel for p in predictions]),
        "training_seconds": _mean([t.seconds for t in trainings]),
        "seconds_per_megapixel": _mean([p.seconds_per_megapixel for p in predictions]),
        "peak_memory_mb": _mean([p.peak_memory_mb for p in predictions]),
        "time_tolerance": ("misses" if n_over else "meets") if n_timed else "not measured",
        "slowest_share_of_tolerance": max(slowest, default=float("nan")),
        "n_over_tolerance": n_over if n_timed else None,
        "n_timed": n_timed,
        "n_trainings": len(trainings),
    }


def _mean(values: Sequence[Number]) -> float:
    defined = [value for value in values if value is not None]
    return float(np.mean(defined)) if defined else float("nan")


def _of_images(table: pd.DataFrame, metric: str) -> pd.Series:
    """Return one metric by image: at IoU 0.5, or of the whole image where the metric knows no threshold."""
    ranking = np.isclose(table["threshold"], RANKING_THRESHOLD) | table["threshold"].isna()
    return table[ranking & (table["metric"] == metric)].set_index("image")["value"]


def _by_threshold(table: pd.DataFrame) -> pd.Series:
    return table[table["metric"] == "f1"].groupby("threshold")["value"].mean()


def _cells(tables: Tables) -> list[tuple[str, str]]:
    return sorted({(run.model, run.arm) for run, _ in tables})


def _of_arm(tables: Tables, arm: str) -> dict[str, list[pd.DataFrame]]:
    models: dict[str, list[pd.DataFrame]] = {}
    for run, table in sorted(tables, key=lambda pair: pair[0]):
        if run.arm == arm:
            models.setdefault(run.model, []).append(table)
    if not models:
        raise ValueError(f"no run of arm {arm!r} was scored")
    return models


def _refuse_uneven(tables: Tables, records: Sequence[Record]) -> None:
    """Runs are compared on the same images only."""
    if not tables:
        raise ValueError("no run was scored: nothing to compare")
    runs = [str(run) for run, _ in tables]
    if len(set(runs)) < len(runs):
        raise ValueError(f"a run comes twice among {', '.join(sorted(runs))}")
    expected = {record.id for record in records}
    for run, table in tables:
        odd = sorted(expected ^ set(table["image"]))
        if odd:
            raise ValueError(
                f"{run}: {len(odd)} image(s) are in its scores or in the test subset only, such as {odd[0]}"
            )


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(value, DIGITS)
