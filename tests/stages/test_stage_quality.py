"""The stage quality on a few images, judged by a network that has not learnt."""

import shutil

import numpy as np
import pandas as pd
import pytest
import yaml

from cellarena.datasets.describing.tables import ALL
from cellarena.datasets.sources.spec import Sample, describe
from cellarena.evaluation.quality.measures import MEASURES
from cellarena.images.io import write_labels, write_png
from cellarena.layout import Layout
from cellarena.records import Run, read_manifest, write_manifest
from cellarena.shell.project import Project
from cellarena.shell.settings import hyperparameters_of, target_of
from cellarena.stages.quality import quality
from cellarena.synthesis.generators.spec import GENERATORS, GeneratorSettings
from workspace import ROOT, Workspace

FOLDERS = ("metrics/quality/painted", "plots/quality/painted")
MODALITIES = {"fluorescence": 30, "H&E": 220}
N_IMAGES = {"train": 6, "val": 20}


@pytest.fixture(scope="module", autouse=True)
def kind():
    """A generator that the catalog knows for as long as these tests run."""
    with pytest.MonkeyPatch.context() as patch:
        list(GENERATORS)
        patch.setitem(GENERATORS._entries, "painted", GeneratorSettings)
        yield


def sample(name, modality, seed):
    """Return an image of noise with three cells, brighter or darker than their ground."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((70, 50), np.uint16)
    for label, (y, x) in enumerate([(8, 8), (30, 12), (50, 30)], start=1):
        labels[y : y + rng.integers(8, 14), x : x + rng.integers(8, 14)] = label
    ground = MODALITIES[modality]
    grey = np.where(labels > 0, 255 - ground, ground) + rng.normal(0, 10, labels.shape)
    return Sample(name, np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, 2), labels, modality)


def write_set(folder, samples):
    records = [describe(s, f"images/{s.id}.png", f"labels/{s.id}.tiff", "test", "CC0-1.0") for s in samples]
    for s, record in zip(samples, records, strict=True):
        (folder / record.image).parent.mkdir(parents=True, exist_ok=True)
        write_png(s.image, folder / record.image)
        write_labels(s.labels, folder / record.labels)
    return records


def new_project(root):
    """Write all that the stage reads: the second synthetic image is a copy of a training image."""
    layout, names = Layout(root), list(MODALITIES)
    layout.splits.mkdir(parents=True)
    real = {}
    for number, (subset, n) in enumerate(N_IMAGES.items()):
        real[subset] = [sample(f"{subset}{k}", names[k % 2], 100 * number + k) for k in range(n)]
        write_manifest(write_set(layout.preprocessed, real[subset]), layout.subset(subset))
    copy = real["train"][1]
    new = [sample(f"s{k}", names[k % 2], 900 + k) for k in range(4)]
    new[1] = Sample("s1", copy.image[::-1].copy(), copy.labels[::-1].copy(), copy.modality)
    folder = layout.synthetic("painted")
    write_manifest(write_set(folder, new), layout.manifest(folder))
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    content["budgets"][content["budget"]]["crop"] = 32
    content["generators"]["painted"] = {}
    content["synthesize"]["generators"] = {"painted": {"kind": "painted", "share": 1}}
    content["arms"] = {
        "real": {"label": "R", "real": 1},
        "mixed": {"label": "R+S", "real": 1, "synthetic": 0.5, "generator": "painted"},
    }
    content["study"] = {"models": ["unet"], "arms": ["mixed"]}
    content["models"]["unet"] |= {"width": 8, "levels": 3}
    layout.params.write_text(yaml.safe_dump(content))
    write_checkpoint(layout)
    return layout


def write_checkpoint(layout):
    import torch

    from cellarena.cards import write_card
    from cellarena.learning.checkpoints import build_network, save_weights

    project = Project(layout)
    folder = layout.checkpoint(Run("unet", "real", 0))
    folder.mkdir(parents=True)
    torch.manual_seed(0)
    hyperparameters, target = hyperparameters_of(project, "unet"), target_of(project, "unet")
    save_weights(build_network("unet", hyperparameters, target).state_dict(), folder / "model.safetensors")
    card = {"model": "unet", "target": "three_class", "hyperparameters": hyperparameters.model_dump(mode="json")}
    write_card(card | {"decoding": target.model_dump(mode="json")}, folder / "model.json")


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """The layout of a project in which the stage ran."""
    layout = new_project(tmp_path_factory.mktemp("judged"))
    quality.main(["painted"], obj=Project(layout), standalone_mode=False)
    return layout


@pytest.fixture
def project(judged, tmp_path):
    """A copy of what the stage reads."""
    for name in ("data", "params.yaml"):
        source = judged.root / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    return Layout(tmp_path)


def table(layout, name):
    return pd.read_csv(layout.quality("painted") / f"{name}.csv")


def test_every_measure_is_there_for_each_modality_and_for_all(judged):
    measures = table(judged, "measures")
    assert list(dict.fromkeys(measures["measure"])) == list(MEASURES)
    rows = measures.groupby(["measure", "images"])["modality"].agg(list)
    assert all(modalities == [ALL, "H&E", "fluorescence"] for modalities in rows)
    whole = measures[measures["modality"] == ALL].set_index(["measure", "images"])
    assert whole.loc[("kid", "synthetic"), ["n", "n_reference"]].tolist() == [4, 6]
    assert whole.loc[("kid", "val"), "n"] == 20
    assert whole["value"].notna().all()


def test_a_copy_of_a_training_image_is_found_and_others_are_not(judged):
    memory = table(judged, "memorisation").set_index("image")
    assert memory["nearest"]["s1"] == "train1"
    assert memory["likeness"]["s1"] > 0.99
    assert memory["memorised"]["s1"] == 1
    assert (memory["likeness"].drop("s1") < 0.99).all()


def test_every_modality_has_a_sheet_beside_the_figures(judged):
    drawn = sorted(path.name for path in judged.quality_plots("painted").iterdir())
    figures = ["intensities.png", "likeness.png", "pairs.png", "shapes.png", "spectra.png"]
    assert drawn == sorted([*figures, "fluorescence.png", "h_e.png"])


def test_tables_describe_every_set(judged):
    assert set(table(judged, "spectrum")["images"]) == {"synthetic", "train", "val", "shuffled"}
    levels = table(judged, "intensities").set_index(["modality", "images", "pixel_class"])["median"]
    assert levels["fluorescence", "synthetic", "background"] == pytest.approx(30, abs=6)
    assert levels["H&E", "train", "interior"] == pytest.approx(35, abs=6)
    shapes = table(judged, "morphology").set_index(["modality", "images", "measure"])
    assert shapes.loc[(ALL, "synthetic", "n_objects"), ["median", "n"]].tolist() == [3, 4]


def test_judging_again_gives_the_same_bytes(judged, project, cellarena):
    outcome = cellarena(project.root, "quality", "painted")
    assert outcome.code == 0, outcome.err
    assert outcome.out.startswith("painted: KID ")
    assert Workspace(project.root).hashes(*FOLDERS) == Workspace(judged.root).hashes(*FOLDERS)


def refused(project, cellarena, line):
    outcome = cellarena(project.root, "quality", "painted")
    assert outcome.code == 2
    assert outcome.err.splitlines()[-1].startswith(f"cellarena: {line}"), outcome.err
    assert not project.quality("painted").exists()
    assert not project.quality_plots("painted").exists()


def test_an_unknown_generator_is_named(project, cellarena):
    outcome = cellarena(project.root, "quality", "../painted")
    assert (outcome.code, outcome.err) == (
        2, "cellarena: synthesize.generators.../painted: missing in params.yaml\n"
    )  # fmt: skip


def test_without_a_checkpoint_its_path_is_named(project, cellarena):
    shutil.rmtree(project.checkpoint(Run("unet", "real", 0)))
    refused(project, cellarena, "data/checkpoints/unet-real-0/model.json: no such checkpoint; run `dvc repro`")


def test_without_synthetic_images_the_manifest_is_named(project, cellarena):
    shutil.rmtree(project.synthetic("painted"))
    refused(project, cellarena, "data/synthetic/painted/manifest.csv: no such manifest")


def test_labels_of_another_size_are_named(project, cellarena):
    write_labels(np.zeros((9, 9), np.uint16), project.synthetic("painted") / "labels/s2.tiff")
    refused(project, cellarena, "data/synthetic/painted/labels/s2.tiff: uint16 (9, 9) is no label image of (70, 50)")


def test_an_image_of_one_channel_is_named(project, cellarena):
    write_png(np.zeros((70, 50), np.uint8), project.synthetic("painted") / "images/s0.png")
    refused(project, cellarena, "data/synthetic/painted/images/s0.png: uint8 (70, 50) is no 8-bit RGB image")


@pytest.mark.parametrize("subset", ["train", "val"])
def test_an_empty_subset_is_named(project, cellarena, subset):
    write_manifest([], project.subset(subset))
    refused(project, cellarena, f"there is no {subset} image to compare")


def test_a_modality_without_validation_images_is_a_row_without_a_value(project, cellarena):
    held = [record for record in read_manifest(project.subset("val")) if record.modality != "H&E"]
    write_manifest(held, project.subset("val"))
    assert cellarena(project.root, "quality", "painted").code == 0
    own = table(project, "measures").set_index(["measure", "modality", "images"])
    assert np.isnan(own.loc[("kid", "H&E", "val"), "value"])
    assert own.loc[("kid", "H&E", "val"), "n"] == 0
    assert np.isnan(own.loc[("memorised", "H&E", "synthetic"), "value"])
    assert np.isfinite(own.loc[("kid", "H&E", "synthetic"), "value"])
