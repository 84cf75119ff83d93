"""From stored probabilities to the tables of the calibration; nothing is predicted here."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarked import annotate, declare, predict
from cellarena.images.io import read_image, write_labels, write_png
from cellarena.images.probabilities import write_probabilities
from cellarena.records import Run, read_manifest, write_manifest

RUN = Run("unet", "real", 0)
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
    layout, params = declare(tmp_path, ["unet"])
    run, target = RUN, params.targets.three_class
    annotate(layout, "train", {"train": squares(2)})
    for subset in ("val", "test"):
        for n, record in enumerate(annotate(layout, subset, {f"{subset}{n}": squares(2 + n) for n in range(3)})):
            if record.id != "test2":
                codes = probabilities_of(squares(2 + n), target, n)
                write_probabilities(codes, layout.probability(run, subset, record))
    predict(layout, run, dict.fromkeys(("test0", "test1"), squares(3)), {"test2": "damaged"})
    predict(layout, params.method_runs[0], dict.fromkeys(("test0", "test1", "test2"), squares(3)))
    layout.unpredicted(run).write_text("subset,image,reason\ntest,test2,damaged\n")
    return layout


def read(layout, name):
    return pd.read_csv(layout.calibration(RUN) / f"{name}.csv")


def test_a_network_that_is_too_sure_gets_a_temperature_and_better_probabilities(project, cellarena):
    done = cellarena(project.root, "evaluate")
    assert done.code == 0, done.err
    assert sorted(path.stem for path in project.calibration(RUN).iterdir()) == TABLES
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
        assert cellarena(project.root, "evaluate").code == 0
        folder = project.calibration(RUN)
        contents.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert contents[0] == contents[1]


def test_a_failed_image_is_a_row_and_a_missing_file_an_error(project, cellarena):
    assert cellarena(project.root, "evaluate").code == 0
    images = read(project, "images")
    assert images.loc[(images["image"] == "test2") & (images["metric"] == "ece"), "value"].isna().all()
    (project.probabilities(RUN) / "test/test1.tiff").unlink()
    ended = cellarena(project.root, "evaluate")
    assert ended.code == 2
    assert ended.err.splitlines()[-1] == "cellarena: data/probabilities/unet-real-0/test/test1.tiff: no such file"


def test_without_validation_probabilities_the_temperature_is_undefined(project, cellarena):
    project.unpredicted(RUN).write_text(
        "subset,image,reason\ntest,test2,x\n" + "".join(f"val,val{n},x\n" for n in range(3))
    )
    done = cellarena(project.root, "evaluate")
    assert done.code == 0, done.err
    (fit,) = read(project, "temperature").to_dict("records")
    assert np.isnan(fit["temperature"])
    assert (fit["n_images"], fit["n_failed"]) == (0, 3)


@pytest.mark.parametrize("missing", ["probabilities", "predictions"])
def test_what_was_never_predicted_is_said_in_one_line(project, cellarena, missing):
    folder = project.root / f"data/{missing}/unet-real-0"
    (folder / "failures.csv").unlink()
    ended = cellarena(project.root, "evaluate")
    assert ended.code == 2
    assert ended.err == f"cellarena: data/{missing}/unet-real-0: no {missing}; run `dvc repro` or `dvc pull`\n"


def test_a_row_without_probabilities_has_no_calibration(project, cellarena):
    assert cellarena(project.root, "evaluate").code == 0
    assert [path.name for path in project.calibration(RUN).parent.iterdir()] == ["unet-real-0"]


def test_a_damaged_prediction_is_not_judged(project, cellarena):
    (project.predictions(RUN) / "test1.tiff").write_bytes(b"II*\x00")
    done = cellarena(project.root, "evaluate")
    assert done.code == 0, done.err
    assert (read(project, "summary")["n_failed"] == 2).all()
    assert set(read(project, "objects")["image"]) == {"test0"}


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
    done = cellarena(project.root, "evaluate")
    assert done.code == 0, done.err
    assert read(project, "temperature")["n_pixels"].tolist() == [3 * 48 * 33]
    assert read(project, "objects").groupby("image")["matched"].agg(["size", "sum"]).to_numpy().tolist() == [[2, 2]] * 2
