"""Near-duplicates that straddle subsets stop the pipeline, unless a reason is given."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from cellarena.images.io import write_labels, write_png
from cellarena.records import read_manifest, write_manifest
from workspace import ROOT, Workspace


@pytest.fixture
def project(tmp_path, cellarena):
    """Twelve prepared images; the data set fixes one as test that is a brighter copy of another."""
    shutil.copy(ROOT / "params.yaml", tmp_path / "params.yaml")
    workspace = Workspace(tmp_path)
    workspace.set_params(**{"acquire.simulated.images": 12, "split.val": 0.3})
    assert cellarena(tmp_path, "acquire").code == 0
    assert cellarena(tmp_path, "preprocess").code == 0
    return workspace


def plant_a_copy(project):
    folder = project.root / "data/preprocessed"
    pixels = np.random.default_rng(0).integers(0, 100, (64, 64, 3), np.uint8).repeat(2, 0).repeat(2, 1)
    pixels[:64] += 80
    labels = np.zeros((128, 128), np.uint16)
    records = read_manifest(folder / "manifest.csv")
    planted = []
    for name, brighter, subset in (("first", 0, ""), ("again", 9, "test")):
        write_png(pixels + np.uint8(brighter), folder / f"images/{name}.png")
        write_labels(labels, folder / f"labels/{name}.tiff")
        paths = {"image": f"images/{name}.png", "labels": f"labels/{name}.tiff"}
        planted.append(replace(records[0], id=name, subset=subset, sha256=name, **paths))
    write_manifest([*records, *planted], folder / "manifest.csv")


def test_every_record_is_in_one_subset(project, cellarena):
    outcome = cellarena(project.root, "split")
    assert outcome.code == 0
    splits = project.root / "data/splits"
    subsets = [{r.id for r in read_manifest(splits / f"{name}.csv")} for name in ("train", "val", "test")]
    assert len(set.union(*subsets)) == sum(map(len, subsets)) == 12
    assert json.loads((splits / "leakage.json").read_text())["crossings"] == []


def test_a_crossing_is_refused_by_name_and_leaves_no_splits(project, cellarena):
    plant_a_copy(project)
    outcome = cellarena(project.root, "split")
    assert outcome.code == 2
    assert "again (test), first (" in outcome.err
    assert "split.waiver" in outcome.err
    assert not (project.root / "data/splits").exists()
    assert not (project.root / "data/splits.partial").exists()


def test_a_waiver_lets_the_crossing_pass_and_is_written_down(project, cellarena):
    plant_a_copy(project)
    project.set_params(**{"split.waiver": "the same slide on purpose"})
    assert cellarena(project.root, "split").code == 0
    leakage = json.loads((project.root / "data/splits/leakage.json").read_text())
    assert leakage["waiver"] == "the same slide on purpose"
    assert [set(crossing["images"]) for crossing in leakage["crossings"]] == [{"first", "again"}]
    assert "again" in {r.id for r in read_manifest(project.root / "data/splits/test.csv")}


def write_tree(root, counts):
    """Write noise with one object each into images/ and labels/ of folders, so many images in each."""
    rng = np.random.default_rng(0)
    for folder, count in counts.items():
        for number in range(count):
            pixels = np.kron(rng.integers(0, 200, (8, 8), np.uint8), np.ones((8, 8), np.uint8))
            labels = np.zeros((64, 64), np.uint16)
            labels[10:20, 10:20] = 1
            write_png(pixels, root / folder / f"images/{folder}{number}.png")
            write_labels(labels, root / folder / f"labels/{folder}{number}.tiff")


def subsets_of(project):
    names = ("train", "val", "test")
    return {name: {r.id for r in read_manifest(project.root / f"data/splits/{name}.csv")} for name in names}


def prepare(project, cellarena, tree):
    project.set_params(**{"acquire.source": "folder", "acquire.root": str(tree)})
    assert cellarena(project.root, "acquire").code == 0
    assert cellarena(project.root, "preprocess").code == 0


def test_folders_train_and_test_stay_what_they_are_and_val_is_drawn_from_train(project, cellarena, tmp_path):
    write_tree(tmp_path / "tree", {"train": 14, "test": 6})
    prepare(project, cellarena, tmp_path / "tree")
    outcome = cellarena(project.root, "split")
    assert outcome.code == 0
    subsets = subsets_of(project)
    assert f"val is {len(subsets['val'])} of the given training images" in outcome.out
    assert subsets["test"] == {f"test{n}" for n in range(6)}
    assert subsets["train"] | subsets["val"] == {f"train{n}" for n in range(14)}
    assert subsets["val"]


def test_a_group_that_crosses_the_users_own_subsets_is_refused_unless_waived(project, cellarena, tmp_path):
    write_tree(tmp_path / "tree", {"a": 9})
    rows = [f"a{n},{'test' if n < 3 else ''},{'patient' if n in (2, 3) else ''}" for n in range(9)]
    (tmp_path / "tree/manifest.csv").write_text("\n".join(["image,subset,group", *rows]))
    prepare(project, cellarena, tmp_path / "tree")
    outcome = cellarena(project.root, "split")
    assert outcome.code == 2
    assert "a2 (test), a3 (" in outcome.err
    project.set_params(**{"split.waiver": "one patient, two biopsies"})
    assert cellarena(project.root, "split").code == 0
    assert subsets_of(project)["test"] == {"a0", "a1", "a2"}


def test_nothing_prepared_is_said_in_one_line(project, cellarena):
    shutil.rmtree(project.root / "data/preprocessed")
    outcome = cellarena(project.root, "split")
    assert outcome.code == 2
    assert outcome.err.startswith("cellarena: data/preprocessed/manifest.csv: ")
    assert "dvc repro" in outcome.err
