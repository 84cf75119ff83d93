"""Where other packages' metrics differ on the golden set, why, and what they say instead."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cellarena.evaluation.matching import iou_pairs, match
from golden_set import GoldenPair
from peers import NAN, QUALITY


@dataclass(frozen=True)
class Difference:
    """Where packages say something else, why, and what they say: a function of the pair and their metric's name."""

    reason: str
    peers: tuple[str, ...]
    metrics: tuple[str, ...]
    pairs: tuple[str, ...]
    theirs: Callable[[GoldenPair, str], float]


def _counting_half(pair: GoldenPair, metric: str) -> float:
    """Return PQ, SQ or RQ with matches of IoU >= 0.5."""
    matching = match(iou_pairs(pair.true, pair.pred), 0.5)
    recognition = 2 * matching.tp / (matching.n_true + matching.n_pred)
    quality = matching.iou.sum() / matching.tp
    return {"sq": quality, "rq": recognition}.get(metric, quality * recognition)


def _of_foreground(pair: GoldenPair, _: str) -> float:
    """Return the shared pixels of a one-to-one assignment over the foreground's union, each pixel counted once."""
    plus = float(pair.with_border[None, "aji_plus"])
    n_pixels = np.count_nonzero(pair.true) + np.count_nonzero(pair.pred)
    return plus * n_pixels / (1 + plus) / np.count_nonzero((pair.true > 0) | (pair.pred > 0))


def _zero(pair: GoldenPair, _: str) -> float:
    return 0.0


def _undefined(pair: GoldenPair, _: str) -> float:
    return NAN


def _one_cell_less(pair: GoldenPair, metric: str) -> float:
    """Return counts and AP of a count of labels that takes the smallest for background."""
    name, threshold = metric.split()
    at = {count: float(pair.with_border[float(threshold), count]) for count in ("tp", "fp", "fn")}
    less = {"tp": at["tp"], "fp": at["fp"] - 1, "fn": at["fn"] - 1}
    n_objects = sum(less.values())
    return less[name] if name in less else at["tp"] / n_objects if n_objects else math.inf


_NOTHING_FOUND = ("half", "merge", "empty prediction", "empty annotation", "both empty", "in pieces", "optimal pairs")
_NOTHING_FOUND += ("merge and split", "binary", "shrunken")
_HALF = ("half", "merge", "in pieces", "many small", "no background")

DIFFERENCES = (
    Difference(
        "a match at IoU 0.5 counts for panoptic quality, which is defined above 0.5",
        ("stardist", "panoptica"),
        ("panoptic_quality 0.5", *QUALITY),
        _HALF,
        _counting_half,
    ),
    Difference("SQ of no match is 0, not undefined", ("torchmetrics", "monai"), ("sq",), _NOTHING_FOUND, _zero),
    Difference(
        "SQ of no match is 0, not undefined",
        ("panoptica",),
        ("sq",),
        ("empty prediction", "empty annotation", "optimal pairs", "merge and split", "binary", "shrunken"),
        _zero,
    ),
    Difference(
        "precision of nothing predicted is 0, not undefined",
        ("stardist",),
        ("precision 0.5", "precision 0.75"),
        ("empty prediction",),
        _zero,
    ),
    Difference(
        "recall of nothing annotated is 0, not undefined",
        ("stardist",),
        ("recall 0.5", "recall 0.75"),
        ("empty annotation",),
        _zero,
    ),
    Difference(
        "nothing predicted where nothing is annotated scores 0, not 1",
        ("stardist", "py-ctcmetrics", "cellseg-models-pytorch", "torchmetrics", "monai"),
        (
            *(f"{name} {t}" for t in (0.5, 0.75) for name in ("precision", "recall", "f1", "accuracy")),
            *("panoptic_quality 0.5", "seg", "aji", "pq", "rq", "dice", "iou"),
        ),
        ("both empty",),
        _zero,
    ),
    Difference(
        "nothing predicted where nothing is annotated is undefined, not 1",
        ("cellpose", "panoptica"),
        ("ap 0.5", "ap 0.75", "aji", "prec", "rec", "pq", "rq", "global_bin_dsc"),
        ("both empty",),
        _undefined,
    ),
    Difference(
        "SEG of nothing annotated is 0, not undefined", ("py-ctcmetrics",), ("seg",), ("empty annotation",), _zero
    ),
    Difference("the smallest label is taken for background", ("py-ctcmetrics",), ("seg",), ("no background",), _zero),
    Difference(
        "the smallest label is taken for background: one cell less on either side",
        ("cellpose",),
        ("fp 0.5", "fn 0.5", "ap 0.5", "fp 0.75", "fn 0.75"),
        ("no background",),
        _one_cell_less,
    ),
    Difference(
        "AJI is one-to-one as AJI+ is, and divides by the foreground's union instead of the sum of the pairs' unions",
        ("cellpose",),
        ("aji",),
        (
            *("merge", "split", "nested", "in pieces", "duplicate", "touching", "optimal pairs", "merge and split"),
            *("binary", "no background"),
        ),
        _of_foreground,
    ),
    Difference(
        "an annotated object takes every prediction of the largest overlap, not one of the largest IoU:"
        " (6 + 6) / (12 + 12) and (8 + 4 + 4) / (12 + 16 + 8)",
        ("cellseg-models-pytorch",),
        ("aji",),
        ("in pieces", "no background"),
        lambda pair, _: {"in pieces": 12 / 24, "no background": 16 / 36}[pair.name],
    ),
)
