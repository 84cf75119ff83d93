"""A small benchmark written by hand: images with annotations, and what rows predicted of them."""

import csv

import numpy as np
import tifffile
import yaml

from cellarena.images.io import write_image, write_labels
from cellarena.layout import Layout
from cellarena.params.mirror import load_params
from cellarena.records import Record, write_manifest
from workspace import ROOT

NO_STUDY = {"models": [], "arms": []}


def declare(root, models, **sections):
    """Write params.yaml with these models, one seed, and no study; return layout and parameters."""
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    content["benchmark"] |= {"models": [*models, "otsu"], "ensembles": []}
    content["seeds"] = [0]
    content["study"] |= NO_STUDY
    content["registry"]["champion"] = models[0]
    for name, changes in sections.items():
        content[name] |= changes
    (root / "params.yaml").write_text(yaml.safe_dump(content))
    return Layout(root), load_params(root / "params.yaml")


def annotate(layout, subset, images, shown=None):
    """Write the images of a subset from their annotations, bright where there is an object; return the records."""
    records = []
    for name, true in images.items():
        grey = np.where(true[..., None] > 0, 200, 40) + np.arange(len(true))[:, None, None] % 3
        write_image((grey if shown is None else shown).repeat(3, axis=2).astype(np.uint8),
                    layout.preprocessed / f"{name}.tiff")  # fmt: skip
        write_labels(true, layout.preprocessed / f"{name}_label.tiff")
        records.append(Record(
            id=name, image=f"{name}.tiff", labels=f"{name}_label.tiff", modality="DIC", group="", subset="",
            height=true.shape[0], width=true.shape[1], channels=3, dtype="uint8", n_objects=len(np.unique(true)) - 1,
            sha256=name, labels_sha256=name, source="s", licence="CC0-1.0",
        ))  # fmt: skip
    layout.splits.mkdir(parents=True, exist_ok=True)
    write_manifest(records, layout.subset(subset))
    return records


def predict(layout, run, preds, failures=None):
    """Write what a run predicted of test images: labels, any array, the bytes of a file, or nothing at all."""
    layout.predictions(run).mkdir(parents=True)
    for name, pred in preds.items():
        path = layout.predictions(run) / f"{name}.tiff"
        if isinstance(pred, bytes):
            path.write_bytes(pred)
        elif pred is not None:
            tifffile.imwrite(path, pred)
    _write(layout.failures(run), ["image", "reason"], (failures or {}).items())


def without_probabilities(layout, run, records, subset="test"):
    """Write that a run has no probabilities of these records."""
    layout.probabilities(run).mkdir(parents=True, exist_ok=True)
    _write(layout.unpredicted(run), ["subset", "image", "reason"], ((subset, r.id, "x") for r in records))


def _write(path, header, rows):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
