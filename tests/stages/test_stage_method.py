"""A method without training is a row like any other; its label images say which run made them, and of what."""

import json
import shutil

import numpy as np
import pytest

from cellarena.images.intensity import to_rgb8
from cellarena.images.io import file_sha256, read_image, write_labels, write_png
from cellarena.images.origins import labels_sha256, read_origin
from cellarena.records import Record, write_manifest
from released import discs
from workspace import ROOT, Workspace


@pytest.fixture
def project(tmp_path):
    """A folder with two test images, which validate, too."""
    shutil.copy(ROOT / "params.yaml", tmp_path / "params.yaml")
    (tmp_path / "data/splits").mkdir(parents=True)
    records = []
    for number, name in enumerate("ab"):
        image, labels = discs(number)
        write_png(to_rgb8(image), tmp_path / f"data/preprocessed/images/{name}.png")
        write_labels(labels, tmp_path / f"data/preprocessed/labels/{name}.tiff")
        paths = (f"images/{name}.png", f"labels/{name}.tiff")
        records.append(Record(name, *paths, "x", "", "", 64, 64, 1, "uint8", 6, "", "", "simulated", "CC0-1.0"))
    for subset in ("val", "test"):
        write_manifest(records, tmp_path / f"data/splits/{subset}.csv")
    return tmp_path


def run(cellarena, project):
    for command in ("train", "predict"):
        outcome = cellarena(project, command, "otsu", "real", "0")
        assert outcome.code == 0, outcome.err


def test_nothing_is_trained_and_the_checkpoint_is_a_card(project, cellarena):
    run(cellarena, project)
    assert [path.name for path in (project / "data/checkpoints/otsu-real-0").iterdir()] == ["model.json"]
    card = json.loads((project / "data/checkpoints/otsu-real-0/model.json").read_text())
    assert card["settings"] == {"sigma": 1, "seed_distance": 5, "min_size": 12}
    assert 0.5 < card["validation"]["f1"] <= 1
    assert json.loads((project / "metrics/runs/otsu-real-0/metrics.json").read_text())["val"] == card["validation"]
    assert [path.name for path in (project / "data/probabilities/otsu-real-0").iterdir()] == ["failures.csv"]


def test_its_settings_decide_what_it_finds(project, cellarena):
    Workspace(project).set_params(**{"models.otsu.min_size": 10_000})
    run(cellarena, project)
    assert not read_image(project / "data/predictions/otsu-real-0/a.tiff").any()


def test_a_predicted_label_image_says_its_run_its_image_and_its_labels(project, cellarena):
    run(cellarena, project)
    card = project / "data/checkpoints/otsu-real-0/model.json"
    weights = {"otsu-real-0/model.json": file_sha256(card)}
    for name in "ab":
        path = project / f"data/predictions/otsu-real-0/{name}.tiff"
        origin = read_origin(path)
        assert (origin.run, origin.image, origin.weights, origin.release) == (
            "otsu-real-0",
            f"{name}.png",
            weights,
            None,
        )
        assert origin.image_sha256 == file_sha256(project / f"data/preprocessed/images/{name}.png")
        assert origin.labels_sha256 == labels_sha256(read_image(path))
        assert len(np.unique(read_image(path))) > 2


def test_predictions_are_the_same_bytes_twice(project, cellarena):
    files = [project / f"data/predictions/otsu-real-0/{name}.tiff" for name in "ab"]
    run(cellarena, project)
    first = [path.read_bytes() for path in files]
    run(cellarena, project)
    assert [path.read_bytes() for path in files] == first
