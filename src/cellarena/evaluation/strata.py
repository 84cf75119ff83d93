"""Groups of test images that a score is also told by: modality, cell size, density of cells."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cellarena.datasets.names import slug
from cellarena.records import Record

SIZES = ("small", "medium", "large")
DENSITIES = ("sparse", "moderate", "dense")
_TAKEN = frozenset({
    "with_border", "median", "pooled", "pooled_with_border", "all", "seed_min", "seed_max", "without_largest",
    "pooled_without_largest", *SIZES, *DENSITIES,
})  # fmt: skip


def strata(scores: pd.DataFrame, records: Sequence[Record]) -> pd.DataFrame:
    """Return what group of each kind every image belongs to; thirds of the test subset, by its annotation.

    Args:
        scores: strict scores of any one run on these records; only what concerns the annotation is read.
        records: the test records.

    Returns:
        Index image, sorted; columns modality (the name that follows `f1_`), size (by the median area of its objects:
        small, medium, large; missing without objects), density (by objects per annotated megapixel: sparse, moderate,
        dense), n_true.
    """
    whole = scores[scores["threshold"].isna()]
    known = whole[whole["metric"].isin(["n_true", "true_area_median"])]
    table = known.pivot(index="image", columns="metric", values="value").sort_index()
    pixels = pd.Series({record.id: record.n_annotated for record in records}, dtype=float)
    density = table["n_true"] / (pixels.reindex(table.index) / 1e6)
    modalities = {record.id: modality_slug(record.modality) for record in records}
    return pd.DataFrame({
        "modality": table.index.map(modalities),
        "size": _thirds(table["true_area_median"], SIZES),
        "density": _thirds(density, DENSITIES),
        "n_true": table["n_true"],
    }, index=table.index)  # fmt: skip


def modality_slug(modality: str) -> str:
    """Return a modality as the part of a metric's name that follows `f1_`."""
    name = slug(modality) or "unknown"
    return f"{name}_images" if name in _TAKEN else name


def _thirds(values: "pd.Series[float]", names: Sequence[str]) -> list[str | None]:
    """Return the third of the defined values that each lies in; equal values lie in the same, the lower one."""
    defined = values.dropna()
    bounds = np.quantile(defined, [1 / 3, 2 / 3]) if len(defined) else np.zeros(2)
    return [None if np.isnan(value) else names[int(np.searchsorted(bounds, value))] for value in values]
