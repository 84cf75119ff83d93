"""Figures of a tiny network and of a stored one, on images smaller than a tile."""

import shutil

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from cellarena.cards import write_card
from cellarena.images.io import write_image, write_labels
from cellarena.layout import Layout
from cellarena.learning.checkpoints import build_network, save_weights
from cellarena.params.mirror import load_params
from cellarena.records import Record, Run, write_manifest
from workspace import ROOT

FIGURES = ["run_filters.png", "run_maps.png", "tiny_filters.png", "tiny_maps.png"]


@pytest.fixture
def project(tmp_path):
    """A project with four images of 40 x 56 pixels and the untrained weights of a narrow U-Net."""
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    content["benchmark"] |= {"models": ["unet"], "ensembles": []}
    content["seeds"] = [3]
    content["study"] |= {"models": [], "arms": []}
    content["models"]["unet"] |= {"width": 8, "levels": 3}
    content["predict"]["tile"] = 64
    content["visuals"]["steps"] = 3
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
    layout, params = Layout(tmp_path), load_params(tmp_path / "params.yaml")
    layout.splits.mkdir(parents=True)
    for subset, names in {"train": "ab", "test": "cd"}.items():
        write_manifest([_record(layout, name) for name in names], layout.subset(subset))
    _save(layout, params, params.pictured_run)
    return layout


def _record(layout, name):
    n, rng = ord(name) - 95, np.random.default_rng(ord(name))
    labels = np.zeros((40, 56), np.uint16)
    for k in range(n):
        labels[4 + 18 * (k % 2) : 18 + 18 * (k % 2), 2 + 10 * k : 10 + 10 * k] = k + 1
    grey = np.where(labels > 0, 180, 60) + rng.integers(0, 30, labels.shape)
    image = np.stack([grey.astype(np.uint8)] * 3, axis=-1)
    write_image(image, layout.preprocessed / f"{name}.tiff")
    write_labels(labels, layout.preprocessed / f"{name}_l.tiff")
    return Record(
        id=name, image=f"{name}.tiff", labels=f"{name}_l.tiff", modality="DIC", group="", subset="", height=40,
        width=56, channels=3, dtype="uint8", n_objects=n, sha256=name, labels_sha256=name, source="s",
        licence="CC0-1.0",
    )  # fmt: skip


def _save(layout, params, run):
    hyperparameters, target = params.models.unet, params.targets.three_class
    torch.manual_seed(0)
    network = build_network(run.model, hyperparameters, target)
    save_weights(network.state_dict(), layout.checkpoint(run) / "model.safetensors")
    card = {"model": run.model, "hyperparameters": hyperparameters.model_dump(mode="json"), "target": "three_class"}
    write_card({**card, "decoding": target.model_dump(mode="json")}, layout.checkpoint(run) / "model.json")


def test_figures_appear_and_are_the_same_bytes_again(project, cellarena):
    assert cellarena(project.root, "visuals").code == 0
    first = {path.name: path.read_bytes() for path in sorted(project.visuals.iterdir())}
    assert list(first) == FIGURES
    assert all(Image.open(project.visuals / name).width > 600 for name in FIGURES)
    assert cellarena(project.root, "visuals").code == 0
    assert {path.name: path.read_bytes() for path in project.visuals.iterdir()} == first


def test_the_seed_of_the_tiny_network_concerns_its_figures_alone(project, cellarena):
    cellarena(project.root, "visuals")
    before = {name: (project.visuals / name).read_bytes() for name in FIGURES}
    text = project.params.read_text()
    project.params.write_text(text.replace("visuals:\n  seed: 0", "visuals:\n  seed: 1"))
    assert project.params.read_text() != text
    cellarena(project.root, "visuals")
    changed = [name for name in FIGURES if (project.visuals / name).read_bytes() != before[name]]
    assert changed == ["tiny_filters.png", "tiny_maps.png"]


def test_without_a_checkpoint_one_line_says_so_and_nothing_is_left(project, cellarena):
    shutil.rmtree(project.checkpoint(Run("unet", "real", 3)))
    outcome = cellarena(project.root, "visuals")
    assert outcome.code == 2
    assert outcome.err.startswith("cellarena: data/checkpoints/unet-real-3/model.json: no such checkpoint")
    assert list(project.visuals.parent.iterdir()) == []


def test_without_a_test_image_one_line_says_so(project, cellarena):
    write_manifest([], project.subset("test"))
    outcome = cellarena(project.root, "visuals")
    assert outcome.code == 2
    assert "the test subset is empty" in outcome.err


@pytest.mark.parametrize(("models", "expected"), [(["sac", "unet"], "unet-real-3"), (["sac", "nnunet"], "sac-real-3")])
def test_the_unet_is_pictured_or_the_first_model(project, models, expected):
    content = yaml.safe_load(project.params.read_text())
    content["benchmark"]["models"] = models
    content["registry"]["champion"] = models[0]
    project.params.write_text(yaml.safe_dump(content))
    assert str(load_params(project.params).pictured_run) == expected
