"""The part of metrics_parity.py that runs in another package's environment: PACKAGE PAIRS.npz FIXTURE.json."""

import json
import math
import sys
import tempfile
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]
Values = dict[str, float | None]

THRESHOLDS = (0.5, 0.75)


def stardist(true: Labels, pred: Labels) -> Values:
    from stardist.matching import matching

    names = ("tp", "fp", "fn", "precision", "recall", "f1", "accuracy", "panoptic_quality", "mean_true_score")
    found = {f"{threshold:g}": matching(true, pred, threshold) for threshold in THRESHOLDS}
    return {f"{name} {at}": getattr(result, name) for at, result in found.items() for name in names}


def cellpose(true: Labels, pred: Labels) -> Values:
    from cellpose.metrics import aggregated_jaccard_index, average_precision

    counts = average_precision(true, pred, list(THRESHOLDS))
    values = {
        f"{name} {threshold:g}": column[k]
        for name, column in zip(("ap", "tp", "fp", "fn"), counts, strict=True)
        for k, threshold in enumerate(THRESHOLDS)
    }
    return values | {"aji": tried(lambda: aggregated_jaccard_index([true], [pred])[0])}


def py_ctcmetrics(true: Labels, pred: Labels) -> Values:
    import tifffile
    from ctc_metrics.metrics.technical.seg import seg
    from ctc_metrics.utils.representations import match

    with tempfile.TemporaryDirectory() as folder:
        paths = [str(Path(folder) / f"{side}.tif") for side in ("true", "pred")]
        for path, labels in zip(paths, (true, pred), strict=True):
            tifffile.imwrite(path, labels.astype(np.uint16))
        labels_true, _, _, _, iou = match(*paths)
    return {"seg": seg([labels_true], [iou])}


def cellseg_models_pytorch(true: Labels, pred: Labels) -> Values:
    from cellseg_models_pytorch.metrics import functional

    return {"aji": functional.aggregated_jaccard_index(true, pred)}


def panoptica(true: Labels, pred: Labels) -> Values:
    from panoptica import InputType, NaiveThresholdMatching, Panoptica_Evaluator
    from panoptica.metrics import Metric

    evaluator = Panoptica_Evaluator(
        expected_input=InputType.UNMATCHED_INSTANCE,
        instance_matcher=NaiveThresholdMatching(matching_metric=Metric.IOU, matching_threshold=0.5),
        instance_metrics=[Metric.IOU],
        global_metrics=[Metric.DSC],
    )
    result = evaluator.evaluate(pred.astype(np.uint16), true.astype(np.uint16))["ungrouped"]
    names = ("tp", "fp", "fn", "prec", "rec", "rq", "sq", "pq", "global_bin_dsc")
    return {name: tried(lambda name=name: getattr(result, name)) for name in names}


PEERS: dict[str, Callable[[Labels, Labels], Values]] = {
    "stardist": stardist,
    "cellpose": cellpose,
    "py-ctcmetrics": py_ctcmetrics,
    "cellseg-models-pytorch": cellseg_models_pytorch,
    "panoptica": panoptica,
}


def tried(compute: Callable[[], float]) -> float | None:
    """Return a value, or None where the package fails for want of objects."""
    try:
        return compute()
    except (ZeroDivisionError, ValueError):
        return None


def consecutive(labels: Labels) -> Labels:
    """Return the objects numbered from 1: two of the packages count labels up to the largest."""
    values, inverse = np.unique(labels, return_inverse=True)
    offset = int(values[0] != 0)
    return (inverse.reshape(labels.shape) + offset).astype(np.int64)


def plain(value: float | None) -> float | None:
    """Return a value as JSON has it, undefined ones as null."""
    return None if value is None or math.isnan(value) else round(float(value), 12)


def main() -> None:
    """Write the values of one package on all pairs."""
    peer, pairs, fixture = sys.argv[1:]
    warnings.simplefilter("ignore")
    images = np.load(pairs)
    values = {}
    for name in dict.fromkeys(key.split("/")[0] for key in images.files):
        theirs = PEERS[peer](*(consecutive(images[f"{name}/{side}"]) for side in ("true", "pred")))
        values[name] = {metric: plain(value) for metric, value in theirs.items()}
    versions = {package: version(package) for package in (peer, "numpy", "scipy")}
    content = {"versions": versions, "values": values}
    Path(fixture).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
