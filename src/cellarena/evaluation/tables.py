"""Tables on disk: CSV whose bytes depend on their content alone."""

from collections.abc import Collection, Sequence
from pathlib import Path

import pandas as pd

from cellarena.images.io import write_bytes

TEXTS = frozenset({
    "run", "image", "side", "category", "category_with_border", "partners", "modality", "by", "stratum", "model", "arm",
    "reference", "reference_label", "generator", "verdict", "on_these_images", "words",
    "measure", "images",
})  # fmt: skip
"""Columns that hold text wherever they come."""


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV: six significant digits, NaN empty, LF; whole or not at all."""
    write_bytes(table.to_csv(index=False, float_format="%.6g", lineterminator="\n").encode(), path)


def long_curves(wide: pd.DataFrame, value: str) -> pd.DataFrame:
    """Return curves as a table whose columns do not depend on which there are, as `dvc plots diff` needs it.

    Args:
        wide: what the curves run over, then a column for each curve; NaN where a curve has no value.
        value: the name of what the curves show.

    Returns:
        Columns row (the name of a curve), that of the first column of `wide`, and `value`; curve by curve, no NaN.
    """
    x = str(wide.columns[0])
    return wide.melt(id_vars=x, var_name="row", value_name=value)[["row", x, value]].dropna(ignore_index=True)


def read_table(path: Path, columns: Sequence[str], texts: Collection[str] = TEXTS) -> pd.DataFrame:
    """Return a table as it was written; names such as `NA` or `001` stay text.

    Args:
        path: of the table.
        columns: that it has, in their order.
        texts: those of the columns that hold text; all others hold numbers.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the columns are not those expected, or a value is no number.
    """
    kinds = {name: str for name in columns if name in texts}
    numbers: dict[str, list[str]] = {name: [""] for name in columns if name not in texts}
    try:
        table = pd.read_csv(path, dtype=kinds, keep_default_na=False, na_values=numbers, encoding="utf-8")
        if list(table.columns) != list(columns):
            raise ValueError(f"columns are {list(table.columns)}, expected {list(columns)}")
        odd = [name for name in numbers if len(table) and not pd.api.types.is_numeric_dtype(table[name])]
        if odd:
            raise ValueError(f"{', '.join(odd)} holds other than numbers")
    except ValueError as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{path}: damaged or edited ({reason}); run `dvc repro` or `dvc checkout`") from error
    return table
