"""From the score tables of all runs to the tables of a comparison."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cellarena.evaluation.aggregates import aggregates, by_image, n_defined
from cellarena.evaluation.strata import strata
from cellarena.evaluation.trials import TRIAL_COLUMNS
from cellarena.records import Record, Run

Tables = Sequence[tuple[Run, pd.DataFrame]]
Number = int | float | None
Summary = dict[str, dict[str, dict[str, Number]]]

RANKING_THRESHOLD = 0.5
DIGITS = 6
HEADLINES = ("f1", "f1_median", "f1_all", "dice", "failed")


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
