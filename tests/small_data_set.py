"""A data set of eight images that was acquired and split, written without running the stages."""

import json
import shutil

import numpy as np

from cellarena.datasets.sources.spec import Sample, describe
from cellarena.images.io import write_image, write_labels
from cellarena.layout import Layout
from cellarena.records import write_manifest
from workspace import ROOT

MODALITIES = {"a": "蛍光", "b": "Overview", **dict.fromkeys("cdefgh", "H&E")}
"""Two of these names a file cannot bear, one is that of another sheet."""
SUBSETS = {"train": "abcd", "val": "ef", "test": "gh"}


def new_data_set(root):
    """Write data/raw, data/splits and params.yaml of a project in a folder; every image has two cells that touch."""
    layout, rng = Layout(root), np.random.default_rng(0)
    labels = np.zeros((30, 40), np.uint16)
    labels[4:12, 4:12], labels[12:20, 12:20] = 1, 2
    records = {}
    for name, modality in MODALITIES.items():
        image = rng.integers(0, 4096, (30, 40)).astype(np.uint16)
        records[name] = describe(
            Sample(name, image, labels, modality), f"{name}.tiff", f"{name}_l.tiff", "s", "CC0-1.0"
        )
        write_image(image, layout.raw / records[name].image)
        write_labels(labels, layout.raw / records[name].labels)
    write_manifest(records.values(), layout.manifest(layout.raw))
    layout.splits.mkdir()
    for subset, members in SUBSETS.items():
        write_manifest([records[name] for name in members], layout.subset(subset))
    group = {"why": "near-duplicates", "images": {"d": "train", "c": "train"}}
    layout.leakage.write_text(json.dumps({"near_duplicates": [group]}))
    shutil.copy(ROOT / "params.yaml", layout.params)
    return layout
