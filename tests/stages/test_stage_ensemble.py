"""An ensemble is a row like any other: made from its members' checkpoints, predicted and scored."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from cellarena.evaluation.scores import SCORES
from cellarena.images.io import write_labels, write_png
from cellarena.learning.cards import write_card
from cellarena.learning.checkpoints import build_network, save_weights
from cellarena.models.spec import MODELS
from cellarena.records import Record, write_manifest
from cellarena.targets.spec import TARGETS

RUN = ("maunet_ensemble", "real", "0")
ROOT = Path(__file__).parent.parent.parent
CHECKPOINT = "data/checkpoints/maunet_ensemble-real-0/model.json"
CHANGES = {
    "models": {"maunet": {"width": 8, "features": 8}, "maunet_wide": {"width": 8, "features": 8}},
    "predict": {"tile": 64, "mirror": False},
    "training": {"accelerator": "cpu"},
}


def write_image(folder, record_id):
    """Write a test image with bright squares, and return its record."""
    labels = np.zeros((32, 40), np.uint16)
    for label, corner in enumerate((2, 12, 22), start=1):
        labels[corner : corner + 7, corner : corner + 7] = label
    image = np.repeat(np.where(labels > 0, 220, 20).astype(np.uint8)[..., None], 3, axis=2)
    write_png(image, folder / f"images/{record_id}.png")
    write_labels(labels, folder / f"labels/{record_id}.tiff")
    paths = (f"images/{record_id}.png", f"labels/{record_id}.tiff")
    return Record(record_id, *paths, "fluorescence", "", "", 32, 40, 3, "uint8", 3, record_id, record_id, "test", "CC0")


def write_member(folder, model, params):
    torch.manual_seed(0)
    settings = MODELS[model].hyperparameters.model_validate(params["models"][model])
    name = MODELS[model].target
    target = TARGETS[name].model_validate(params["targets"][name])
    card = {
        "model": model,
        "hyperparameters": settings.model_dump(mode="json"),
        "target": name,
        "decoding": target.model_dump(mode="json"),
    }
    folder.mkdir(parents=True)
    save_weights(build_network(model, settings, target).state_dict(), folder / "model.safetensors")
    write_card(card, folder / "model.json")


@pytest.fixture
def project(tmp_path):
    """A project with two validation and two test images, and both members as if they had been trained."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    for section, changes in CHANGES.items():
        for key, value in changes.items():
            if isinstance(value, dict):
                params[section][key].update(value)
            else:
                params[section][key] = value
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    for folder in ("data/preprocessed/images", "data/preprocessed/labels", "data/splits"):
        (tmp_path / folder).mkdir(parents=True)
    for subset in ("val", "test"):
        records = [write_image(tmp_path / "data/preprocessed", f"{subset}{n}") for n in range(2)]
        write_manifest(records, tmp_path / f"data/splits/{subset}.csv")
    for model in ("maunet", "maunet_wide"):
        write_member(tmp_path / f"data/checkpoints/{model}-real-0", model, params)
    return tmp_path


def test_from_trained_members_to_scores_of_the_ensemble(project, cellarena):
    made = cellarena(project, "ensemble", *RUN)
    assert made.code == 0, made.err
    assert "decoding tuned on 2 validation images: F1 " in made.out
    card = json.loads((project / CHECKPOINT).read_text())
    assert (card["model"], card["run"], card["scales"]) == ("maunet_ensemble", "maunet_ensemble-real-0", [1, 1.25, 1.5])
    assert [path.name for path in (project / CHECKPOINT).parent.iterdir()] == ["model.json"]

    predicted = cellarena(project, "predict", *RUN)
    assert predicted.code == 0, predicted.err
    folder = project / "data/predictions/maunet_ensemble-real-0"
    assert sorted(path.name for path in folder.iterdir()) == ["failures.csv", "test0.tiff", "test1.tiff"]
    with (folder / "failures.csv").open(newline="") as file:
        assert list(csv.DictReader(file)) == []
    costs = json.loads((project / "metrics/costs/maunet_ensemble-real-0/prediction.json").read_text())
    assert costs["variant"] == "mean of maunet and maunet_wide at scales 1, 1.25, 1.5"
    assert not (project / "metrics/costs/maunet_ensemble-real-0/training.json").exists()

    probabilities = project / "data/probabilities/maunet_ensemble-real-0"
    assert sorted(path.relative_to(probabilities).as_posix() for path in probabilities.rglob("*.*")) == [
        "failures.csv", "test/test0.tiff", "test/test1.tiff", "val/val0.tiff", "val/val1.tiff",
    ]  # fmt: skip
    calibrated = cellarena(project, "calibrate", *RUN)
    assert calibrated.code == 0, calibrated.err
    assert "from 2 validation images" in calibrated.out

    assert cellarena(project, "evaluate", *RUN).code == 0
    assert set(SCORES.read(project / "data/scores/maunet_ensemble-real-0.csv")["image"]) == {"test0", "test1"}


def test_the_members_of_the_grid_are_written(project, cellarena):
    assert cellarena(project, "members").code == 0
    assert json.loads((project / "data/members.json").read_text()) == {"maunet_ensemble": ["maunet", "maunet_wide"]}


def test_a_grid_without_a_member_is_refused_with_what_to_do(project, cellarena):
    path = project / "params.yaml"
    params = yaml.safe_load(path.read_text())
    params["benchmark"]["models"] = ["unet"]
    path.write_text(yaml.safe_dump(params))
    ended = cellarena(project, "members")
    assert ended.code == 2
    assert ended.err == (
        "cellarena: benchmark: the ensemble maunet_ensemble needs maunet and maunet_wide: add to benchmark.models what "
        "is missing, or remove maunet_ensemble from benchmark.ensembles\n"
    )


def test_the_same_members_make_the_same_bytes(project, cellarena):
    contents = []
    for _ in range(2):
        assert cellarena(project, "ensemble", *RUN).code == 0
        contents.append((project / CHECKPOINT).read_bytes())
    assert contents[0] == contents[1]


def test_a_member_that_was_not_trained_is_said_in_one_line(project, cellarena):
    (project / "data/checkpoints/maunet_wide-real-0/model.json").unlink()
    ended = cellarena(project, "ensemble", *RUN)
    assert ended.code == 2
    assert ended.err.startswith("cellarena: data/checkpoints/maunet_wide-real-0/model.json: no such checkpoint")
    assert ended.err.count("\n") == 1
    assert not (project / CHECKPOINT).exists()


def test_a_member_that_was_trained_anew_since_is_said_in_one_line(project, cellarena):
    assert cellarena(project, "ensemble", *RUN).code == 0
    weights = project / "data/checkpoints/maunet-real-0/model.safetensors"
    content = weights.read_bytes()
    weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    ended = cellarena(project, "predict", *RUN)
    assert ended.code == 4
    assert ended.err.startswith("cellarena: data/checkpoints/maunet-real-0/model.safetensors: sha256 is ")
    assert ended.err.count("\n") == 1
    assert not (project / "data/predictions").exists()


@pytest.mark.parametrize("name", ["unet", "nonesuch"])
def test_what_is_no_ensemble_is_said_in_one_line(project, cellarena, name):
    ended = cellarena(project, "ensemble", name, "real", "0")
    assert ended.code == 2
    assert ended.err == f"cellarena: unknown ensemble '{name}'; known: maunet_ensemble\n"
