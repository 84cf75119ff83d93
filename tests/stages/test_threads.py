"""Results are the same bytes whatever number of threads the shell asks for."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from cellarena.cards import write_card
from cellarena.images.io import write_labels, write_png
from cellarena.learning.checkpoints import build_network, save_weights
from cellarena.params.mirror import load_params
from cellarena.records import Record, write_manifest
from workspace import ROOT, Workspace

RUN = ("unet", "real", "0")
SIDE = 200


@pytest.fixture
def project(tmp_path):
    """A project with a network as it was drawn, and an image of noise in each subset: every digit of a sum tells."""
    workspace = Workspace(tmp_path / "project")
    data = workspace.root / "data"
    (data / "splits").mkdir(parents=True)
    (workspace.root / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    workspace.set_params(**{"training.accelerator": "cpu", "predict.precision": "32-true"})
    pixels, labels = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3)), np.zeros((SIDE, SIDE), np.uint16)
    labels[20:60, 20:60] = 1
    for subset in ("val", "test"):
        write_png(pixels.astype(np.uint8), data / f"preprocessed/{subset}.png")
        write_labels(labels, data / f"preprocessed/{subset}_label.tiff")
        paths = (subset, f"{subset}.png", f"{subset}_label.tiff")
        record = Record(*paths, "fluorescence", "", "", SIDE, SIDE, 3, "uint8", 1, subset, subset, "test", "CC0")
        write_manifest([record], data / f"splits/{subset}.csv")
    params = load_params(workspace.root / "params.yaml")
    torch.manual_seed(0)
    network, target = params.models.unet, params.targets.three_class
    save_weights(
        build_network("unet", network, target).state_dict(), data / "checkpoints/unet-real-0/model.safetensors"
    )
    card = {
        "model": "unet", "target": "three_class", "hyperparameters": network.model_dump(mode="json"),
        "decoding": target.model_dump(mode="json"),
    }  # fmt: skip
    write_card(card, data / "checkpoints/unet-real-0/model.json")
    return workspace


def test_predictions_are_the_same_bytes_whatever_the_shell_says_of_threads(project, monkeypatch):
    made, devices = [], set()
    for n in ("1", "2"):
        for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            monkeypatch.setenv(name, n)
        project.run("cellarena", "predict", *RUN)
        made.append(project.hashes("data/predictions", "data/probabilities"))
        costs = json.loads((project.root / "metrics/costs/unet-real-0/prediction.json").read_text())
        devices.add(costs["device"])
    assert made[0] == made[1]
    assert devices == {"cpu, 1 thread"}


def test_a_stage_that_computes_with_networks_depends_on_their_threads():
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    for name, declared in stages.items():
        stage = declared.get("do", declared)
        module = Path("src/cellarena/stages", stage["cmd"].split()[1].replace("-", "_")).with_suffix(".py")
        is_fixed = "@fixed_threads" in (ROOT / module).read_text()
        assert is_fixed == ("training.threads" in stage.get("params", [])), name
