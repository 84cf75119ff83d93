"""The errors of several runs side by side; seeds are averaged for what is shown."""

from collections.abc import Sequence

import pandas as pd

from cellarena.evaluation.errors.categories import OF_TRUE, SPURIOUS
from cellarena.evaluation.errors.gains import N_CATEGORIES, N_LOST, N_OBJECTS
from cellarena.records import Run
from cellarena.tables import RUN, integers, names_of, numbers, schema

_SUMMED = (*N_LOST, *N_OBJECTS, *N_CATEGORIES)
CATEGORY_TOTALS = schema(
    "categories", "How many objects of each run are in each category, over all its images",
    RUN,
    integers("n_images", "test images"),
    integers("n_failed", "of them without a prediction"),
    _SUMMED,
    numbers(", ".join(f"share_{category}?" for category in OF_TRUE), "share of the annotated objects"),
    numbers("spurious_per_true?", "spurious objects for each annotated one"),
)  # fmt: skip


def category_totals(counts: pd.DataFrame) -> pd.DataFrame:
    """Return how many objects of each run are in each category, over all its images.

    Args:
        counts: tables of `gains.count`, of several runs.

    Returns:
        The columns of CATEGORY_TOTALS, a row per run; shares are NaN where no object is annotated.
    """
    groups = counts.groupby("run", sort=False)
    totals = groups[["failed", *names_of(_SUMMED)]].sum().rename(columns={"failed": "n_failed"})
    totals.insert(0, "n_images", groups.size())
    n_true = totals["n_true"].where(totals["n_true"] > 0)
    shares = {f"share_{category}": totals[f"n_true_{category}"] / n_true for category in OF_TRUE}
    shares["spurious_per_true"] = totals[f"n_pred_{SPURIOUS}"] / n_true
    return totals.assign(**shares).reset_index()


def mean_of_seeds(table: pd.DataFrame, runs: Sequence[Run], keys: Sequence[str]) -> pd.DataFrame:
    """Return a table of several runs with one row for each model instead of one for each seed.

    Args:
        table: column run, the keys, and numbers.
        runs: all runs, in the order in which their rows are to stand.
        keys: the columns that tell the rows of one run apart.

    Returns:
        Column `row`, the keys in the order of the table, and the mean over seeds of every number that is defined.

    Raises:
        ValueError: if the table names another run.
    """
    names = {str(run): run.model for run in runs}
    if unknown := sorted(set(table["run"]) - set(names)):
        raise ValueError(f"{', '.join(unknown)}: not a run of the benchmark; run `dvc repro`")
    order = list(dict.fromkeys(names.values()))
    named = table.assign(row=pd.Categorical(table["run"].map(names), order, ordered=True))
    # In the order in which they come: grouping would put the keys into that of the alphabet.
    grouped = named.drop(columns="run").groupby(["row", *keys], sort=False, observed=True, dropna=False)
    means = grouped.mean(numeric_only=True).reset_index()
    ordered = means.sort_values("row", kind="stable", ignore_index=True)
    return ordered.astype({"row": str})
