"""Where errors are made: recall and kinds of errors by size, contrast, density, neighbours and modality.

The bounds between strata are quantiles of the training annotation, so that nothing of the test subset defines them.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from cellarena.evaluation.errors.analysis import Analysis
from cellarena.evaluation.errors.categories import MATCH, OF_TRUE
from cellarena.evaluation.errors.gains import MODALITY, OVERALL
from cellarena.evaluation.errors.objects import measure
from cellarena.images.io import LabelImage
from cellarena.images.picture import Image
from cellarena.tables import RUN, integers, numbers, schema, texts

DIAMETER, CONTRAST, DISTANCE, DENSITY = "diameter", "contrast", "neighbour distance", "density"
QUANTITIES = (DIAMETER, CONTRAST, DISTANCE, DENSITY)
UNITS = {DIAMETER: "px", CONTRAST: "", DISTANCE: "px", DENSITY: "objects per MP"}
UNDEFINED = "undefined"
BOUNDS = schema(
    "bounds of strata",
    "The quantiles that divide the annotated objects of the train subset into strata of equal numbers",
    texts("by", "the quantity; its unit is that of the value", *QUANTITIES),
    numbers("quantile", "in (0, 1)"),
    numbers("value?", "of the quantity there; empty where no object has one", "px, objects per MP"),
    integers("n", "objects, for density images, that have a value"),
)  # fmt: skip
_FOUND = (
    *integers("n_true", "annotated objects that are scored"),
    *numbers("recall?", "share of them that were found"),
)
STRATA = schema(
    "strata", "Recall and kinds of errors by stratum, over the annotated objects that are scored",
    RUN,
    texts("by", f"{OVERALL}, a quantity ({', '.join(QUANTITIES)}) or {MODALITY}"),
    texts("stratum?", f"its number from 1, the modality, or {UNDEFINED} where objects lack the quantity"),
    numbers("low?, high?", "of a quantity: low < value <= high", "px, objects per MP"),
    _FOUND,
    numbers(", ".join(f"share_{category}?" for category in OF_TRUE[1:]), "share of them in this category"),
)  # fmt: skip
GRID = schema(
    "grid of strata",
    "Recall by diameter and distance to the nearest neighbour together; objects alone in their image are in none",
    RUN,
    numbers("diameter_low, diameter_high", "low < diameter <= high", "px"),
    numbers("distance_low, distance_high", "low < distance <= high", "px"),
    _FOUND,
)  # fmt: skip


def bounds(annotated: Iterable[tuple[Image, LabelImage, int]], n_strata: int) -> pd.DataFrame:
    """Return the quantiles that divide annotated objects into strata of equal numbers.

    Density is a property of an image: its quantiles are those over images. Contrast counts without its sign, as cells
    are bright in one modality and dark in another.

    Args:
        annotated: image, label image and number of annotated pixels of the training records, read one at a time.
        n_strata: number of strata of each quantity, at least 2.

    Returns:
        The columns of BOUNDS: n_strata - 1 rows per quantity.
    """
    found: dict[str, list[float]] = {quantity: [] for quantity in QUANTITIES}
    for image, labels, n_annotated in annotated:
        objects = measure(labels, image)
        found[DENSITY].extend([len(objects) / (n_annotated / 1e6)] if n_annotated else [])
        found[DIAMETER].extend(objects["diameter"])
        found[CONTRAST].extend(objects["contrast"].abs().dropna())
        found[DISTANCE].extend(objects["neighbour_distance"].dropna())
    quantiles = np.arange(1, n_strata) / n_strata
    rows = [
        (quantity, quantile, float(np.quantile(values, quantile)) if values else np.nan, len(values))
        for quantity, values in found.items()
        for quantile in quantiles
    ]
    return pd.DataFrame(rows, columns=BOUNDS.names)


def stratify(analysis: Analysis, limits: pd.DataFrame) -> pd.DataFrame:
    """Return recall and shares of the kinds of errors by stratum, over the annotated objects that are scored.

    Args:
        analysis: of one run or several.
        limits: table of `bounds`.

    Returns:
        The columns of STRATA; outer limits are infinite, recall and shares NaN where there is no object.
    """
    objects = scored_truth(analysis)
    tables = [_shares(objects.assign(stratum=""), OVERALL, [("", np.nan, np.nan)])]
    for quantity in QUANTITIES:
        intervals = strata_of(limits, quantity)
        numbers = [str(k + 1) for k in range(len(intervals))]
        strata = [(name, *interval) for name, interval in zip(numbers, intervals, strict=True)]
        named = objects.assign(stratum=_number(objects[quantity], intervals))
        tables.append(_shares(named, quantity, [*strata, (UNDEFINED, np.nan, np.nan)]))
    modalities = [(name, np.nan, np.nan) for name in sorted(set(analysis.images["modality"]))]
    tables.append(_shares(objects.assign(stratum=objects["modality"]), MODALITY, modalities))
    table = pd.concat(tables, ignore_index=True)
    return table.sort_values("run", kind="stable", ignore_index=True)[STRATA.names]


def recall_grid(analysis: Analysis, limits: pd.DataFrame) -> pd.DataFrame:
    """Return recall by diameter and distance to the nearest neighbour together.

    Returns:
        The columns of GRID, a row for every pair of strata; recall is NaN where there is no object.
    """
    objects = scored_truth(analysis)
    sizes, distances = strata_of(limits, DIAMETER), strata_of(limits, DISTANCE)
    size = _number(objects[DIAMETER], sizes)
    distance = _number(objects[DISTANCE], distances)
    rows = []
    for run in sorted(set(analysis.images["run"])):
        for i, (low, high) in enumerate(sizes, 1):
            for j, (near, far) in enumerate(distances, 1):
                cell = objects[(objects["run"] == run) & (size == str(i)) & (distance == str(j))]
                rows.append((run, low, high, near, far, len(cell), (cell["category"] == MATCH).mean()))
    return pd.DataFrame(rows, columns=GRID.names)


def strata_of(limits: pd.DataFrame, quantity: str) -> list[tuple[float, float]]:
    """Return the intervals (low, high) of a quantity; fewer where quantiles coincide, one where there is none."""
    values = limits.loc[limits["by"] == quantity, "value"].dropna()
    edges = [-np.inf, *np.unique(values).tolist(), np.inf]
    return list(pairwise(edges))


def interval(low: float, high: float) -> str:
    """Return low < value <= high in few letters."""
    if np.isinf(low):
        return "any" if np.isinf(high) else f"\N{LESS-THAN OR EQUAL TO} {high:.3g}"
    return f"> {low:.3g}" if np.isinf(high) else f"{low:.3g} to {high:.3g}"


def scored_truth(analysis: Analysis) -> pd.DataFrame:
    """Return the annotated objects clear of the border, with a column for each of the QUANTITIES and their modality."""
    images = analysis.images
    objects = analysis.objects
    truth = objects[objects["side"] == "true"]
    n_true = truth.groupby(["run", "image"]).size().rename("n_annotated").reset_index()
    known = images[["run", "image", "modality", "megapixels"]].merge(n_true, on=["run", "image"], how="left")
    scored = truth[truth["touches_border"] == 0].merge(known, on=["run", "image"], validate="many_to_one")
    return scored.assign(**{
        CONTRAST: scored["contrast"].abs(),
        DISTANCE: scored["neighbour_distance"],
        DENSITY: scored["n_annotated"] / scored["megapixels"],
    })  # fmt: skip


def _number(values: "pd.Series[float]", intervals: Sequence[tuple[float, float]]) -> "pd.Series[str]":
    """Return the stratum of each value, counted from 1."""
    inner = [high for _, high in intervals[:-1]]
    place = np.searchsorted(inner, values.to_numpy(float), side="left") + 1
    return pd.Series(place.astype(str), index=values.index).mask(values.isna(), UNDEFINED)


def _shares(objects: pd.DataFrame, by: str, strata: Sequence[tuple[str, float, float]]) -> pd.DataFrame:
    rows = []
    for run, some in objects.groupby("run", sort=True):
        for name, low, high in strata:
            categories = some.loc[some["stratum"] == name, "category"]
            shares = [(categories == category).mean() for category in OF_TRUE]
            rows.append((run, by, name, low, high, len(categories), *shares))
    return pd.DataFrame(rows, columns=STRATA.names)
