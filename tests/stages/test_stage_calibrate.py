"""From stored probabilities to tables, figures and one file for git; nothing is predicted here."""

import csv
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml

from cellarena.images.io import read_image, write_image, write_labels, write_png
from cellarena.images.probabilities import write_probabilities
from cellarena.layout import Layout
from cellarena.params import load_params
from cellarena.records import Record, Run, read_manifest, write_manifest
from workspace import ROOT

RUN = ("unet", "real", "0")
TABLES = ["images", "objects", "reliability", "risk_coverage", "summary", "temperature"]


def squares(n):
    labels = np.zeros((48, 64), np.uint16)
    for k in range(n):
        labels[8 + 16 * (k % 2) : 18 + 16 * (k % 2), 6 + 14 * k : 16 + 14 * k] = k + 1
    return labels


def probabilities_of(labels, target, seed):
    """Return what a noisy network that is surer than it is right puts out."""
    logits = np.random.default_rng(seed).normal(0, 2, (3, *labels.shape))
    logits += 4 * np.moveaxis(np.eye(3)[target.true_classes(labels)], -1, 0)
    logits -= np.logaddexp.reduce(2 * logits, axis=0) / 2
    return np.exp(2 * logits).astype(np.float32)


@pytest.fixture
def project(tmp_path):
    """A project whose run has probabilities of three validation and three test images, one of which failed."""
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    content["benchmark"] |= {"models": ["unet"], "ensembles": [], "seeds": [0]}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
    layout, params = Layout(tmp_path), load_params(tmp_path / "params.yaml")
    run, target = Run("unet", "real", 0), params.target("unet")
    layout.splits.mkdir(parents=True)
    for subset in ("val", "test"):
        records = []
        for n in range(3):
            name = f"{subset}{n}"
            labels = squares(2 + n)
            write_image(np.zeros((48, 64, 3), np.uint8), layout.preprocessed / f"{name}.tiff")
            write_labels(labels, layout.preprocessed / f"{name}_label.tiff")
            records.append(Record(
                id=name, image=f"{name}.tiff", labels=f"{name}_label.tiff", modality="DIC", group="", subset="",
                height=48, width=64, channels=3, dtype="uint8", n_objects=2 + n, sha256=name, labels_sha256=name,
                source="s", licence="CC0-1.0",
            ))  # fmt: skip
            if name != "test2":
                write_probabilities(probabilities_of(labels, target, n), layout.probability(run, subset, records[-1]))
            if subset == "test" and n < 2:
                write_labels(squares(3), layout.prediction(run, records[-1]))
        write_manifest(records, layout.subset(subset))
    layout.failures(run).write_text("image,reason\ntest2,damaged\n")
    layout.unpredicted(run).write_text("subset,image,reason\ntest,test2,damaged\n")
    return layout


def read(layout, name):
    return pd.read_csv(layout.calibration(Run("unet", "real", 0)) / f"{name}.csv")


def test_a_network_that_is_too_sure_gets_a_temperature_and_better_probabilities(project, cellarena):
    done = cellarena(project.root, "calibrate", *RUN)
    assert done.code == 0, done.err
    assert sorted(path.stem for path in project.calibration(Run("unet", "real", 0)).iterdir()) == TABLES
    (fit,) = read(project, "temperature").to_dict("records")
    assert fit["temperature"] > 1.3
    assert fit["nll_scaled"] < fit["nll_raw"]
    assert (fit["n_images"], fit["n_failed"], fit["n_pixels"]) == (3, 0, 3 * 48 * 64)
    summary = read(project, "summary").set_index(["region", "metric", "scaling"])
    assert summary.loc[("all", "nll", "difference"), "value"] < 0
    assert summary.loc[("all", "accuracy", "difference"), "value"] == 0
    assert (summary["n_failed"] == 1).all()


def test_the_same_probabilities_give_the_same_bytes(project, cellarena):
    contents = []
    for _ in range(2):
        assert cellarena(project.root, "calibrate", *RUN).code == 0
        folder = project.calibration(Run("unet", "real", 0))
        contents.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert contents[0] == contents[1]


def test_a_failed_image_is_a_row_and_a_missing_file_an_error(project, cellarena):
    assert cellarena(project.root, "calibrate", *RUN).code == 0
    images = read(project, "images")
    assert images.loc[(images["image"] == "test2") & (images["metric"] == "ece"), "value"].isna().all()
    (project.probabilities(Run("unet", "real", 0)) / "test/test1.tiff").unlink()
    ended = cellarena(project.root, "calibrate", *RUN)
    assert ended.code == 2
    assert ended.err.splitlines()[-1] == "cellarena: data/probabilities/unet-real-0/test/test1.tiff: no such file"


def test_without_validation_probabilities_the_temperature_is_undefined(project, cellarena):
    project.unpredicted(Run("unet", "real", 0)).write_text(
        "subset,image,reason\ntest,test2,x\n" + "".join(f"val,val{n},x\n" for n in range(3))
    )
    done = cellarena(project.root, "calibrate", *RUN)
    assert done.code == 0, done.err
    (fit,) = read(project, "temperature").to_dict("records")
    assert np.isnan(fit["temperature"])
    assert (fit["n_images"], fit["n_failed"]) == (0, 3)
    assert cellarena(project.root, "compare-calibration").code == 0


@pytest.mark.parametrize(
    ("missing", "said"),
    [("probabilities", "/failures.csv: no such table of unpredicted images"), ("predictions", ": no predictions")],
)
def test_what_was_never_predicted_is_said_in_one_line(project, cellarena, missing, said):
    folder = project.root / f"data/{missing}/unet-real-0"
    (folder / "failures.csv").unlink()
    ended = cellarena(project.root, "calibrate", *RUN)
    assert ended.code == 2
    assert ended.err == f"cellarena: data/{missing}/unet-real-0{said}; run `dvc repro` or `dvc pull`\n"


def test_all_runs_stand_in_one_table_the_floor_without_values(project, cellarena):
    assert cellarena(project.root, "calibrate", *RUN).code == 0
    done = cellarena(project.root, "compare-calibration")
    assert done.code == 0, done.err
    with project.calibrations.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["run"] for row in rows} == {"unet-real-0", "otsu-real-0"}
    assert {row["raw"] for row in rows if row["model"] == "otsu"} == {""}
    assert all(row["raw"] for row in rows if row["model"] == "unet" and row["metric"] == "nll")
    assert sorted(path.name for path in project.calibration_figures.iterdir()) == [
        "reliability_all.png", "reliability_boundary.png", "reliability_objects.png", "risk_coverage.png",
    ]  # fmt: skip


def test_a_damaged_table_is_named_in_one_line(project, cellarena):
    assert cellarena(project.root, "calibrate", *RUN).code == 0
    (project.calibration(Run("unet", "real", 0)) / "summary.csv").write_text("<<<<<<< HEAD\n")
    ended = cellarena(project.root, "compare-calibration")
    assert ended.code == 2
    assert ended.err.startswith("cellarena: data/calibration/unet-real-0/summary.csv: damaged or edited (")
    assert ended.err.count("\n") == 1


def test_what_nobody_annotated_is_not_judged(project, cellarena):
    right = np.zeros((48, 64), np.uint8)
    right[:, 33:] = 255
    write_png(right, project.preprocessed / "ignored.png")
    for subset in ("val", "test"):
        records = [replace(r, ignored="ignored.png", n_ignored=48 * 31) for r in read_manifest(project.subset(subset))]
        write_manifest(records, project.subset(subset))
        for record in records:
            labels = read_image(project.preprocessed / record.labels)
            write_labels(np.where(right, 0, labels), project.preprocessed / record.labels)
    done = cellarena(project.root, "calibrate", *RUN)
    assert done.code == 0, done.err
    assert read(project, "temperature")["n_pixels"].tolist() == [3 * 48 * 33]
    assert read(project, "objects").groupby("image")["matched"].agg(["size", "sum"]).to_numpy().tolist() == [[2, 2]] * 2
