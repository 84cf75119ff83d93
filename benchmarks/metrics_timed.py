"""One measurement of metrics.py: METRIC FOLDER; prints seconds and peak memory as JSON.

The seconds are of the processor: nothing here uses more than one, and others may be using it too.
"""

import json
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.uint32]
Metric = Callable[[Labels, Labels], object]

THREE = (0.5, 0.75, 0.9)
# The first call also pays for memory that the process gets from the system; short ones are repeated, the best counts.
N_CALLS, ENOUGH = 3, 5.0
STATUS, PEAK_RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def ours() -> dict[str, Metric]:
    """Return this project's metrics, each from the label images on."""
    from cellarena.evaluation.matching import iou_pairs, match, without_border_pairs
    from cellarena.evaluation.metrics import OBJECT_METRICS, PIXEL_METRICS, f1
    from cellarena.evaluation.pixel_pair import PixelPair
    from cellarena.evaluation.protocols.official import score_official
    from cellarena.evaluation.protocols.strict import score_strict
    from cellarena.evaluation.scores import THRESHOLDS

    def three(true: Labels, pred: Labels) -> list[float]:
        pairs = iou_pairs(true, pred)
        return [f1(match(pairs, threshold)) for threshold in THREE]

    def detection(true: Labels, pred: Labels) -> list[float]:
        whole = iou_pairs(true, pred)
        inner = without_border_pairs(whole, true, pred)
        return [f1(match(pairs, threshold)) for pairs in (whole, inner) for threshold in THRESHOLDS]

    objects = {"PQ": "pq", "AJI": "aji", "AJI+": "aji_plus", "SEG": "seg"}
    pixels = {"boundary F1": "boundary_f1", "HD95": "hd95"}
    return {
        "F1": three,
        "detection": detection,
        "official": lambda true, pred: score_official(true, pred, THREE),
        **{k: lambda t, p, n=name: OBJECT_METRICS[n].compute(iou_pairs(t, p)) for k, name in objects.items()},
        **{k: lambda t, p, n=name: PIXEL_METRICS[n].compute(PixelPair(t, p)) for k, name in pixels.items()},
        "full set": lambda true, pred: score_strict(true, pred, THRESHOLDS),
    }


def dense() -> dict[str, Metric]:
    """Return F1 at three thresholds by a matrix of all objects by all, which the challenge's script makes too.

    It is made once for all thresholds and without a loop over pixels, so it is faster than the script.
    """
    from scipy.optimize import linear_sum_assignment

    def three(true: Labels, pred: Labels) -> list[float]:
        n_true, n_pred = int(true.max()), int(pred.max())
        keys = true.ravel().astype(np.int64) * (n_pred + 1) + pred.ravel()
        overlap = np.bincount(keys, minlength=(n_true + 1) * (n_pred + 1)).reshape(n_true + 1, n_pred + 1)
        area_true, area_pred = overlap.sum(axis=1, keepdims=True), overlap.sum(axis=0, keepdims=True)
        iou = overlap / np.maximum(area_true + area_pred - overlap, 1)
        iou = iou[1:, 1:]
        del overlap, keys
        scores = []
        for threshold in THREE:
            rows, columns = linear_sum_assignment(-(iou >= threshold).astype(float) - iou / (2 * min(iou.shape)))
            scores.append(2 * np.count_nonzero(iou[rows, columns] >= threshold) / (n_true + n_pred))
        return scores

    return {"dense F1": three}


def cellpose() -> dict[str, Metric]:
    """Return cellpose's metrics."""
    from cellpose.metrics import aggregated_jaccard_index, average_precision

    return {
        "cellpose F1": lambda true, pred: average_precision(true, pred, list(THREE)),
        "cellpose AJI": lambda true, pred: aggregated_jaccard_index([true], [pred]),
    }


def memory(figure: str) -> float:
    """Return VmRSS or VmHWM of this process in bytes, NaN where the system does not tell."""
    told = re.search(rf"{figure}:\s+(\d+)", STATUS.read_text()) if STATUS.exists() else None
    return 1024 * float(told[1]) if told else float("nan")


def timed(metric: Metric, true: Labels, pred: Labels) -> float:
    """Return the seconds of one call."""
    start = time.process_time()
    metric(true, pred)
    return time.process_time() - start


def main() -> None:
    """Measure one metric."""
    name, folder = sys.argv[1:]
    metrics = {"cellpose": cellpose, "dense": dense}.get(name.split()[0], ours)()
    small = np.kron(np.arange(36, dtype=np.uint32).reshape(6, 6), np.ones((5, 5), np.uint32))
    metrics[name](small, small)  # what is imported or compiled at the first call
    true, pred = (np.load(Path(folder) / f"{side}.npy") for side in ("true", "pred"))
    before = memory("VmRSS")
    if PEAK_RESET.exists():
        PEAK_RESET.write_text("5")
    seconds = [timed(metrics[name], true, pred)]
    while len(seconds) < N_CALLS and sum(seconds) < ENOUGH:
        seconds.append(timed(metrics[name], true, pred))
    taken = (memory("VmHWM") - before) / (true.nbytes + pred.nbytes)
    print(json.dumps({"seconds": min(seconds), "memory": taken}))


if __name__ == "__main__":
    main()
