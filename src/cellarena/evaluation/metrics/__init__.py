"""The catalogs of the strict protocol's metrics, and those of one matching, each one decorated function."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from cellarena.catalog import Catalog
from cellarena.evaluation.matching import Matching, SparsePairs
from cellarena.evaluation.pixel_pair import PixelPair

OnMatching = Callable[[Matching], float]
OnPairs = Callable[[SparsePairs], float]
OnPixels = Callable[[PixelPair], float]
F = TypeVar("F")


@dataclass(frozen=True)
class Metric(Generic[F]):
    """A metric and what an image without prediction gets: that value, or None for what an empty prediction gets."""

    compute: F
    failed: float | None


MATCHING_METRICS: Catalog[Metric[OnMatching]] = Catalog("metric", "cellarena.evaluation.metrics")
"""Computed at every IoU threshold, under the challenge's border rule and without it."""

OBJECT_METRICS: Catalog[Metric[OnPairs]] = Catalog("metric", "cellarena.evaluation.metrics")
"""Computed once an image, under the challenge's border rule and without it."""

PIXEL_METRICS: Catalog[Metric[OnPixels]] = Catalog("metric", "cellarena.evaluation.metrics")
"""Computed once an image, on the whole label images, before any border rule."""


def on_matching(failed: float | None) -> Callable[[OnMatching], OnMatching]:
    """Enter a function of a matching under its own name; `failed` is as in `Metric`."""

    def enter(compute: OnMatching) -> OnMatching:
        MATCHING_METRICS.register(compute.__name__)(Metric(compute, failed))
        return compute

    return enter


def on_pairs(failed: float | None, name: str = "") -> Callable[[OnPairs], OnPairs]:
    """Enter a function of an image's touching pairs under its own name or another; `failed` is as in `Metric`."""

    def enter(compute: OnPairs) -> OnPairs:
        OBJECT_METRICS.register(name or compute.__name__)(Metric(compute, failed))
        return compute

    return enter


def on_pixels(failed: float | None) -> Callable[[OnPixels], OnPixels]:
    """Enter a function of two label images under its own name; `failed` is as in `Metric`."""

    def enter(compute: OnPixels) -> OnPixels:
        PIXEL_METRICS.register(compute.__name__)(Metric(compute, failed))
        return compute

    return enter


@on_matching(failed=None)
def tp(matching: Matching) -> float:
    """Return the number of annotated objects found."""
    return matching.tp


@on_matching(failed=None)
def fp(matching: Matching) -> float:
    """Return the number of predicted objects that match none annotated."""
    return matching.fp


@on_matching(failed=None)
def fn(matching: Matching) -> float:
    """Return the number of annotated objects missed; of an empty or missing prediction, all of them."""
    return matching.fn


@on_matching(failed=np.nan)
def precision(matching: Matching) -> float:
    """Return tp / n_pred: NaN if nothing was predicted where something is, 1 if nothing is there."""
    if matching.n_pred == 0:
        return 1.0 if matching.n_true == 0 else np.nan
    return matching.tp / matching.n_pred


@on_matching(failed=0.0)
def recall(matching: Matching) -> float:
    """Return tp / n_true: NaN if something was predicted where nothing is, 1 if nothing was predicted either."""
    if matching.n_true == 0:
        return 1.0 if matching.n_pred == 0 else np.nan
    return matching.tp / matching.n_true


@on_matching(failed=0.0)
def f1(matching: Matching) -> float:
    """Return 2 tp / (n_true + n_pred), in [0, 1]; 1 if there are no objects on either side."""
    n_objects = matching.n_true + matching.n_pred
    return 2 * matching.tp / n_objects if n_objects else 1.0


@on_matching(failed=0.0)
def ap(matching: Matching) -> float:
    """Return average precision tp / (tp + fp + fn), in [0, 1]; 1 if there are no objects on either side."""
    n_objects = matching.tp + matching.fp + matching.fn
    return matching.tp / n_objects if n_objects else 1.0
