"""The same runs on the same images before and after a change: paired, as two models are."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from cellarena.evaluation.aggregates import by_image
from cellarena.evaluation.comparing import Comparing
from cellarena.evaluation.statistics import PAIRS, compare_pairs
from cellarena.evaluation.trials import Trials, pair
from cellarena.records import Record, Run

F1 = "f1"
METRICS = ("precision", "recall", "map", "pq", "sq", "aji", "dice", "boundary_f1")
"""Told beside F1: all of them in [0, 1], and higher is better."""
THRESHOLD = 0.5
VALUE_COLUMNS = ["run", "row", "seed", "metric", "image", "before", "after"]
IMAGE_COLUMNS = ["run", "image", "before", "after", "difference"]
CHANGE_COLUMNS = ["name", "metric", "n_before", "n_after", "before", "after", *PAIRS.names[2:]]


def same_images(before: Sequence[Record], after: Sequence[Record]) -> dict[str, str]:
    """Return the id before of every image that has the same content in both manifests, by its id after, sorted.

    Content is that of the image as acquired, of its annotation, and how much of it was not annotated. Images of one
    content are told apart by their ids.
    """
    old, new = (_by_content(records) for records in (before, after))
    found: dict[str, str] = {}
    for content, ids in new.items():
        others = old.get(content, set())
        if len(ids) == len(others) == 1:
            found[min(ids)] = min(others)
        else:
            found |= {one: one for one in ids & others}
    return dict(sorted(found.items()))


def values_of(run: Run, before: pd.DataFrame, after: pd.DataFrame, same: Mapping[str, str]) -> pd.DataFrame:
    """Return what a run scored before and after a change on the same images.

    Args:
        run: whose scores they are.
        before: the rows of one protocol of its score table.
        after: those after the change.
        same: the id before of each image, by its id after; one that either table lacks is left out.

    Returns:
        VALUE_COLUMNS, a line per metric and image, sorted; `image` is the id after, an undefined value NaN.
    """
    old, new = by_image(before, THRESHOLD), by_image(after, THRESHOLD)
    images = [image for image in same if image in new.index and same[image] in old.index]
    parts = [
        pd.DataFrame({
            "run": str(run), "row": run.row, "seed": run.seed, "metric": metric, "image": images,
            "before": old.loc[[same[image] for image in images], metric].to_numpy(),
            "after": new.loc[images, metric].to_numpy(),
        })
        for metric in (F1, *METRICS)
        if metric in old.columns and metric in new.columns
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)[VALUE_COLUMNS] if parts else pd.DataFrame(columns=VALUE_COLUMNS)


def run_changes(values: pd.DataFrame, settings: Comparing, unlearned: Collection[str]) -> pd.DataFrame:
    """Return every run compared with itself before the change, the family of tests being the runs of one metric.

    Args:
        values: of `values_of`, of all runs.
        settings: the smallest effect of interest, confidence, resamples.
        unlearned: the rows that no training stands behind.

    Returns:
        CHANGE_COLUMNS, a line per run and metric; `difference` and all that follows is after minus before, as
        `compare_pairs` returns it, so that "better" says that the change made the run better.
    """
    return _changes(values, "run", settings, unlearned)


def row_changes(values: pd.DataFrame, settings: Comparing, unlearned: Collection[str]) -> pd.DataFrame:
    """Return every row of which several seeds changed compared with itself before, as `run_changes` does a run.

    Only with several seeds can anything be said of the model rather than of its trainings.
    """
    n_seeds = values.groupby("row")["seed"].transform("nunique")
    return _changes(values[n_seeds > 1], "row", settings, unlearned)


def image_changes(values: pd.DataFrame) -> pd.DataFrame:
    """Return F1 of every run and image before and after where it changed, the largest changes first: IMAGE_COLUMNS."""
    table = values[values["metric"] == F1].dropna(subset=["before", "after"])
    table = table.assign(difference=(table["after"] - table["before"]).round(9), size=lambda t: t["difference"].abs())
    table = table[table["size"] > 0].sort_values(["size", "run", "image"], ascending=[False, True, True], kind="stable")
    return table[IMAGE_COLUMNS].reset_index(drop=True)


def _changes(values: pd.DataFrame, kind: str, settings: Comparing, unlearned: Collection[str]) -> pd.DataFrame:
    tables = [
        _of_metric(str(metric), part, kind, settings, unlearned)
        for metric, part in values.groupby("metric", sort=False)
    ]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=CHANGE_COLUMNS)


def _of_metric(
    metric: str, values: pd.DataFrame, kind: str, settings: Comparing, unlearned: Collection[str]
) -> pd.DataFrame:
    groups = list(values.groupby(kind, sort=True))
    sides = [
        [_trials(f"{name} {side}", part, side, part["row"].iloc[0] not in unlearned) for side in ("after", "before")]
        for name, part in groups
    ]
    pairs = [pair(after, before) for after, before in sides]
    table = compare_pairs(pairs, settings, "F1" if metric == F1 else metric)
    heads: list[dict[str, Any]] = [
        {"name": name, "metric": metric, "n_before": int(before.has_value.sum()), "n_after": int(after.has_value.sum()),
         "before": _mean(both.b), "after": _mean(both.a)}
        for (name, _), (after, before), both in zip(groups, sides, pairs, strict=True)
    ]  # fmt: skip
    return pd.DataFrame(heads).join(table[PAIRS.names[2:]])[CHANGE_COLUMNS]


def _trials(name: str, part: pd.DataFrame, side: str, learned: bool) -> Trials:
    grid = part.pivot(index="seed", columns="image", values=side).sort_index()
    return Trials(name, tuple(map(str, grid.columns)), grid.to_numpy(np.float64), learned)


def _mean(trials: Trials) -> float:
    return float(trials.values.mean()) if trials.n_images else float("nan")


def _by_content(records: Iterable[Record]) -> dict[tuple[str, str, int], set[str]]:
    found: dict[tuple[str, str, int], set[str]] = defaultdict(set)
    for record in records:
        found[record.sha256, record.labels_sha256, record.n_ignored].add(record.id)
    return dict(found)
