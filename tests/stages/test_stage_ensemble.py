"""An ensemble is a row like any other: made from its members' checkpoints, predicted and scored."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from cellarena.cards import write_card
from cellarena.images.io import read_image, write_labels, write_png
from cellarena.learning.checkpoints import build_network, save_weights
from cellarena.learning.ensemble_checkpoints import load_checkpoint
from cellarena.learning.predict import segment
from cellarena.learning.recipe import Inference
from cellarena.models.spec import MODELS
from cellarena.records import Record, write_manifest
from cellarena.targets.spec import TARGETS

RUN = ("maunet_ensemble", "real", "0")
ROOT = Path(__file__).parent.parent.parent
CHECKPOINT = "data/ensembles/maunet_ensemble-real-0/model.json"
CHANGES = {
    "models": {"maunet": {"width": 8, "features": 8}, "maunet_wide": {"width": 8, "features": 8}},
    "predict": {"tile": 64, "mirror": False},
    "training": {"accelerator": "cpu"},
    "benchmark": {"models": ["maunet", "maunet_wide"]},
    "registry": {"champion": "maunet"},
    "study": {"models": [], "arms": []},
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
    for subset in ("train", "val", "test"):
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
    members = {"maunet-real-0", "maunet_wide-real-0"}
    assert {path.name for path in (project / CHECKPOINT).parent.iterdir()} == {"model.json", *members}
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


def test_nothing_after_it_needs_the_members(project, cellarena):
    assert cellarena(project, "ensemble", *RUN).code == 0
    shutil.rmtree(project / "data/checkpoints")
    loaded = load_checkpoint((project / CHECKPOINT).parent, "cpu")
    image = read_image(project / "data/preprocessed/images/test0.png")
    found = segment(
        loaded.segmenter(Inference(**yaml.safe_load((project / "params.yaml").read_text())["predict"])), image
    )
    assert np.array_equal(found, read_image(project / "data/predictions/maunet_ensemble-real-0/test0.tiff"))


def test_an_ensemble_whose_members_lay_beside_it_still_opens(project, cellarena):
    """As in what was packed before ensembles held their members."""
    assert cellarena(project, "ensemble", *RUN).code == 0
    folder = (project / CHECKPOINT).parent
    for member in ("maunet-real-0", "maunet_wide-real-0"):
        (folder / member).rename(folder.parent / member)
    assert len(load_checkpoint(folder, "cpu").members) == 2


def test_a_grid_without_a_member_leaves_the_ensemble_out_and_says_so(project, cellarena):
    path = project / "params.yaml"
    params = yaml.safe_load(path.read_text())
    params["benchmark"]["models"] = ["unet", "maunet"]
    path.write_text(yaml.safe_dump(params))
    ended = cellarena(project, "ensemble", *RUN)
    assert (ended.code, ended.out) == (
        0, "maunet_ensemble-real-0: left out, benchmark.models lacks maunet_wide\n",
    )  # fmt: skip
    for folder in ("ensembles", "predictions", "probabilities"):
        assert [p.name for p in (project / f"data/{folder}/maunet_ensemble-real-0").iterdir()] == ["left_out.txt"]


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


@pytest.mark.parametrize("name", ["unet", "nonesuch"])
def test_what_is_no_ensemble_is_said_in_one_line(project, cellarena, name):
    ended = cellarena(project, "ensemble", name, "real", "0")
    assert ended.code == 2
    assert ended.err == f"cellarena: ensembles.{name}: missing in params.yaml\n"
