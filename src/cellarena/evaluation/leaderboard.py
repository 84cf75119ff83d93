"""The leaderboard: a row for each model and arm, with what it rests on and what it cost."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from cellarena.evaluation.costs import PredictionCosts, TrainingCosts
from cellarena.evaluation.coverage import coverage_by_run, refuse_uncovered
from cellarena.evaluation.statistics import IMAGES_INTERVAL, INTERVAL
from cellarena.evaluation.strata import DENSITIES, SIZES
from cellarena.evaluation.summary import Number, Summary
from cellarena.records import Run
from cellarena.tables import ARM, MODEL, integers, numbers, schema, texts

RunCosts = tuple[TrainingCosts | None, PredictionCosts | None]


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
