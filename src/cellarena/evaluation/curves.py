"""Curves as tables whose columns do not depend on which curves there are, as `dvc plots diff` needs it."""

import pandas as pd

from cellarena.tables import Columns, Schema, integers, numbers, schema, texts

_STEP = integers("step", "that the network had learnt", "optimizer steps")


def _curves(name: str, about: str, *columns: Columns) -> Schema:
    return schema(name, about, texts("row", "the curve: a model, or an arm of the study"), *columns)


F1_OVER_THRESHOLDS = _curves(
    "curves of F1 over thresholds", "Mean F1 over test images and seeds at every IoU threshold",
    numbers("threshold", "the smallest IoU of a match"),
    numbers("f1", "mean", "F1"),
)  # fmt: skip
VALIDATION_F1 = _curves(
    "curves of validation F1", "F1 on whole validation images during the training, mean of the seeds",
    _STEP,
    numbers("f1", "at IoU 0.5", "F1"),
)  # fmt: skip
TRAINING_LOSS = _curves(
    "curves of training loss", "Loss during the training, mean of the seeds; that of different networks is different",
    _STEP,
    numbers("loss", "as logged"),
)  # fmt: skip


def long_curves(wide: pd.DataFrame, value: str) -> pd.DataFrame:
    """Return curves as one of these tables.

    Args:
        wide: what the curves run over, then a column for each curve; NaN where a curve has no value.
        value: the name of what the curves show.

    Returns:
        Columns row (the name of a curve), that of the first column of `wide`, and `value`; curve by curve, no NaN.
    """
    x = str(wide.columns[0])
    return wide.melt(id_vars=x, var_name="row", value_name=value)[["row", x, value]].dropna(ignore_index=True)
