"""From the scores of images to one number: mean, median, pooled, of all images or of some."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from cellarena.evaluation.metrics import OBJECT_METRICS, PIXEL_METRICS
from cellarena.evaluation.protocols.strict import WITH_BORDER
from cellarena.evaluation.strata import DENSITIES, SIZES

Images = Sequence[pd.DataFrame]
"""Of each seed: index image, a column per metric."""
Aggregate = Callable[[pd.DataFrame], float]

_DETECTION = ("f1", "precision", "recall")


def by_image(scores: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """Return one run's scores as a row per image (sorted) and a column per metric.

    Args:
        scores: the rows of one protocol.
        threshold: the IoU threshold of the metrics that know one.
    """
    chosen = np.isclose(scores["threshold"], threshold) | scores["threshold"].isna()
    return scores[chosen].pivot(index="image", columns="metric", values="value").sort_index()


def aggregates(images: Images, groups: pd.DataFrame) -> dict[str, float]:
    """Return every aggregate by name, the mean over seeds of what each seed has; NaN where nothing is defined.

    Args:
        images: what `by_image` returned for each seed, on the same images.
        groups: the same images' groups, as `strata` returns them.
    """
    means = [*_DETECTION, *whole_metrics()]
    numbers = {
        name: _over_seeds(images, _mean_of(name)) for name in (*means, *(f"{n}{WITH_BORDER}" for n in _DETECTION))
    }
    numbers |= {f"{name}_median": _over_seeds(images, _median_of(name)) for name in _DETECTION}
    for suffix in ("", WITH_BORDER):
        numbers |= {f"{name}_pooled{suffix}": _over_seeds(images, _pooled(name, suffix)) for name in _DETECTION}
    rest = groups.index != groups["n_true"].idxmax()
    numbers["f1_without_largest"] = _over_seeds([table[rest] for table in images], _mean_of("f1"))
    numbers["f1_pooled_without_largest"] = _over_seeds([table[rest] for table in images], _pooled("f1", ""))
    return numbers | _by_group(images, groups)


def n_defined(images: Images) -> dict[str, int]:
    """Return in how many (image, seed) cells each metric is defined, by the name `n_<metric>`."""
    names = ("precision", "recall", *whole_metrics())
    return {f"n_{name}": sum(int(table[name].count()) for table in images) for name in names}


def whole_metrics() -> list[str]:
    """Return the names of the metrics of a whole image: those of its objects, then those of its pixels."""
    return [*OBJECT_METRICS, *PIXEL_METRICS]


def _by_group(images: Images, groups: pd.DataFrame) -> dict[str, float]:
    numbers = {}
    for kind, names in _group_names(groups).items():
        for name in names:
            members = (groups[kind] == name).to_numpy()
            numbers[f"f1_{name}"] = _over_seeds([table[members] for table in images], _mean_of("f1"))
    return numbers


def _group_names(groups: pd.DataFrame) -> Mapping[str, Sequence[str]]:
    return {"modality": sorted(set(groups["modality"])), "size": SIZES, "density": DENSITIES}


def _over_seeds(images: Images, aggregate: Aggregate) -> float:
    return float(pd.Series([aggregate(table) for table in images], dtype=float).mean())


def _mean_of(name: str) -> Aggregate:
    return lambda table: float(table[name].mean())


def _median_of(name: str) -> Aggregate:
    return lambda table: float(table[name].median())


def _pooled(name: str, suffix: str) -> Aggregate:
    """Return the aggregate that computes a metric from the counts of all images together; NaN without any object."""

    def pooled(table: pd.DataFrame) -> float:
        tp, fp, fn = (float(table[count + suffix].sum()) for count in ("tp", "fp", "fn"))
        found = {"f1": (2 * tp, 2 * tp + fp + fn), "precision": (tp, tp + fp), "recall": (tp, tp + fn)}
        part, whole = found[name]
        return part / whole if whole else np.nan

    return pooled
