"""Training logs as DVCLive writes them, side by side."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from cellarena.records import Run


def read_curve(log: Path, metric: str) -> pd.Series:
    """Return one curve of a run's log.

    Args:
        log: the folder that DVCLive wrote.
        metric: such as "val/f1".

    Returns:
        Values by the number of optimizer steps done.

    Raises:
        FileNotFoundError: if the log has no such curve.
        ValueError: if the file is not a table of steps and values.
    """
    path = log / "plots" / "metrics" / f"{metric}.tsv"
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such training log; run dvc repro")
    table = pd.read_csv(path, sep="\t")
    name = metric.rsplit("/", maxsplit=1)[-1]
    if not {"step", name} <= set(table.columns):
        raise ValueError(f"{path}: columns are {list(table.columns)}, expected step and {name}")
    return pd.Series(table[name].to_numpy(), index=pd.Index(table["step"], name="step"), name=name)


def by_run(curves: Mapping[Run, pd.Series]) -> pd.DataFrame:
    """Return column step and one column per run; NaN where a run has no value at that step."""
    table = pd.DataFrame({str(run): curve for run, curve in curves.items()})
    return table.sort_index().rename_axis("step").reset_index()


def by_model(curves: Mapping[Run, pd.Series], models: Sequence[str]) -> pd.DataFrame:
    """Return column step and one column per model, the mean of its runs that got that far."""
    columns = {
        model: pd.DataFrame({run: curve for run, curve in curves.items() if run.model == model}).mean(axis=1)
        for model in models
    }
    return pd.DataFrame(columns).sort_index().rename_axis("step").reset_index()
