"""Other packages' values on the golden set, and what they are called here.

The values of packages that cannot be installed beside this project lie in parity/ (benchmarks/metrics_parity.py wrote
them); torchmetrics and MONAI are asked directly. All are of the whole images, without any border rule.
"""

import json
from pathlib import Path

import numpy as np
import torch
from monai.metrics import compute_panoptic_quality
from torchmetrics.functional.classification import binary_f1_score, binary_jaccard_index
from torchmetrics.functional.detection import panoptic_quality

from cellarena.images.labels import consecutive
from golden_set import GoldenPair, Key

FIXTURES = {
    path.stem: json.loads(path.read_text()) for path in sorted(Path(__file__).with_name("parity").glob("*.json"))
}
QUALITY = ("pq", "sq", "rq")
NAN = float("nan")

OURS: dict[str, dict[str, Key]] = {
    "stardist": {
        **{f"{name} {t}": (t, name) for t in (0.5, 0.75) for name in ("tp", "fp", "fn", "precision", "recall", "f1")},
        **{f"accuracy {t}": (t, "ap") for t in (0.5, 0.75)},
        "panoptic_quality 0.5": (None, "pq"),
    },
    "cellpose": {
        **{f"{name} {t}": (t, name) for t in (0.5, 0.75) for name in ("ap", "tp", "fp", "fn")},
        "aji": (None, "aji_plus"),
    },
    "py-ctcmetrics": {"seg": (None, "seg")},
    "cellseg-models-pytorch": {"aji": (None, "aji")},
    "panoptica": {
        **{name: (0.5, name) for name in ("tp", "fp", "fn")},
        "prec": (0.5, "precision"),
        "rec": (0.5, "recall"),
        **{name: (None, name) for name in QUALITY},
        "global_bin_dsc": (None, "dice"),
    },
    "torchmetrics": {name: (None, name) for name in (*QUALITY, "dice", "iou")},
    "monai": {name: (None, name) for name in QUALITY},
}
"""By package: its name of a metric, and threshold and name of the same metric here."""


def values(peer: str, pair: GoldenPair) -> dict[str, float]:
    """Return what a package says of a pair, under its own names of the metrics; undefined is NaN."""
    if peer == "torchmetrics":
        return _torchmetrics(pair)
    if peer == "monai":
        return _monai(pair)
    return {name: NAN if value is None else value for name, value in FIXTURES[peer]["values"][pair.name].items()}


def _torchmetrics(pair: GoldenPair) -> dict[str, float]:
    # Two categories, cell and background; each pixel has its category and its object. The row of the cells comes first.
    pred, true = (
        torch.from_numpy(np.stack([labels > 0, labels], axis=-1).astype(np.int64))[None]
        for labels in (pair.pred, pair.true)
    )
    quality = panoptic_quality(pred, true, {1}, {0}, return_sq_and_rq=True, return_per_class=True)[0].tolist()
    foreground = pred[..., 0].ravel(), true[..., 0].ravel()
    pixels = {"dice": binary_f1_score(*foreground).item(), "iou": binary_jaccard_index(*foreground).item()}
    return dict(zip(QUALITY, quality, strict=True)) | pixels


def _monai(pair: GoldenPair) -> dict[str, float]:
    pred, true = (torch.from_numpy(consecutive(labels).astype(np.int64)) for labels in (pair.pred, pair.true))
    return {name: compute_panoptic_quality(pred, true, metric_name=name, remap=True).item() for name in QUALITY}
