"""The data set as tables and sheets, whatever its modalities are called."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from cellarena.images.io import write_png
from cellarena.records import read_manifest, write_manifest
from cellarena.shell.project import Project
from cellarena.stages.explore import explore
from small_data_set import MODALITIES, SUBSETS, new_data_set
from workspace import Workspace


@pytest.fixture
def layout(tmp_path):
    return new_data_set(tmp_path)


@pytest.fixture(scope="module")
def explored(tmp_path_factory):
    """The layout of a data set whose exploration ran."""
    layout = new_data_set(tmp_path_factory.mktemp("explored"))
    explore.main([], obj=Project(layout), standalone_mode=False)
    return layout


def test_every_modality_has_a_sheet_of_its_own_beside_the_overview(explored):
    sheets = sorted(path.name for path in explored.dataset_plots.glob("*.png"))
    assert sheets == ["h_e.png", "overview.png", "overview_.png", "u86cdu5149.png"]
    assert sorted(path.stem for path in explored.dataset_figures.iterdir()) == [
        "cells", "classes", "intensities", "sizes",
    ]  # fmt: skip


def test_tables_hold_a_row_for_each_image_channel_object_and_modality(explored):
    rows = {path.stem: len(pd.read_csv(path)) for path in explored.exploration.iterdir()}
    assert rows == {"images": 8, "channels": 8, "objects": 16}
    summary = pd.read_csv(explored.dataset_table("summary")).set_index("modality")
    assert summary["n_objects"].to_dict() == {"H&E": 12, "Overview": 2, "蛍光": 2, "all images": 16}
    assert (summary["touching"] == 1).all()
    assert len(pd.read_csv(explored.dataset_table("subsets"))) == 12
    assert pd.read_csv(explored.dataset_table("formats"))["n_images"].tolist() == [6, 1, 1]
    assert pd.read_csv(explored.dataset_table("intensities"))["dtype"].tolist() == ["uint16"] * 3


def test_subsets_and_near_duplicates_are_those_of_the_split(explored):
    images = pd.read_csv(explored.exploration / "images.csv")
    members = images.groupby("subset")["image"].sum().to_dict()
    assert members == SUBSETS
    assert dict(zip(images["image"], images["modality"], strict=True)) == MODALITIES
    found = pd.read_csv(explored.dataset_table("near_duplicates"))
    assert found[["group", "image", "subset"]].to_numpy().tolist() == [[1, "c", "train"], [1, "d", "train"]]


def test_exploring_again_gives_the_same_bytes(explored, layout, cellarena):
    folders = ("data/exploration", "metrics/dataset", "plots/dataset")
    outcome = cellarena(layout.root, "explore")
    assert outcome.code == 0, outcome.err
    assert "蛍光" in outcome.out
    assert Workspace(layout.root).hashes(*folders) == Workspace(explored.root).hashes(*folders)


@pytest.mark.parametrize("content", ["<<<<<<< HEAD\n", "[]", "{}", '{"near_duplicates": [{"images": {"x": "test"}}]}'])
def test_a_damaged_leakage_report_is_named_in_one_line(layout, cellarena, content):
    layout.leakage.write_text(content)
    outcome = cellarena(layout.root, "explore")
    assert outcome.code == 2
    assert outcome.err.startswith("cellarena: data/splits/leakage.json: damaged, or not of this data set (")
    assert outcome.err.count("\n") == 1
    assert not layout.dataset_metrics.exists()


def test_a_split_of_other_images_is_refused(layout, cellarena):
    lines = layout.subset("train").read_text(encoding="utf-8").splitlines(keepends=True)
    layout.subset("train").write_text("".join(line for line in lines if not line.startswith("b,")), encoding="utf-8")
    outcome = cellarena(layout.root, "explore")
    assert outcome.code == 2
    assert "data/splits: b is in data/raw or in a subset only; run `dvc repro split`" in outcome.err


def test_a_damaged_image_is_named_and_nothing_is_written(layout, cellarena):
    (layout.raw / "c.tiff").write_bytes(b"II*")
    outcome = cellarena(layout.root, "explore")
    assert outcome.code == 2
    assert "data/raw/c.tiff: " in outcome.err
    assert not layout.exploration.exists()
    assert not layout.dataset_plots.exists()


@pytest.mark.parametrize("gone", ["leakage.json", "val.csv"])
def test_without_a_split_the_missing_file_is_named(layout, cellarena, gone):
    (layout.splits / gone).unlink()
    outcome = cellarena(layout.root, "explore")
    assert outcome.code == 2
    assert outcome.err.startswith(f"cellarena: data/splits/{gone}: ")
    assert "dvc" in outcome.err


def test_pixels_that_nobody_annotated_are_counted(layout):
    records = read_manifest(layout.manifest(layout.raw))
    right = np.zeros((30, 40), np.uint8)
    right[:, 30:] = 255
    write_png(right, layout.raw / "i.png")
    write_manifest([replace(r, ignored="i.png", n_ignored=300) for r in records], layout.manifest(layout.raw))
    explore.main([], obj=Project(layout), standalone_mode=False)
    summary = pd.read_csv(layout.dataset_table("summary")).set_index("modality")
    assert summary["n_ignored"].to_dict() == {"H&E": 1800, "Overview": 300, "蛍光": 300, "all images": 2400}
    assert summary["background"]["all images"] == pytest.approx(1 - 128 / 900)
