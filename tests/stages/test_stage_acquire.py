"""Images and labels arrive whole, or nothing changes."""

import hashlib
import os
import shutil

import numpy as np
import pytest

from cellarena.images.io import read_image, write_image, write_labels
from cellarena.records import read_manifest
from workspace import ROOT, Workspace


@pytest.fixture
def project(tmp_path):
    root = tmp_path / "project"
    root.mkdir()
    shutil.copy(ROOT / "params.yaml", root / "params.yaml")
    workspace = Workspace(root)
    workspace.set_params(**{"acquire.simulated.images": 4})
    return workspace


@pytest.fixture
def tree(tmp_path):
    """Two annotated images in the layout images/ beside labels/."""
    for number in (1, 2):
        pixels = np.full((40, 50), 1000 * number, np.uint16)
        pixels[10:20, 10:20] += 70
        labels = np.zeros((40, 50), np.uint16)
        labels[10:20, 10:20] = 300
        write_image(pixels, tmp_path / f"tree/images/cell{number}.tiff")
        write_labels(labels, tmp_path / f"tree/labels/cell{number}_label.tiff")
    return tmp_path / "tree"


def from_folder(project, tree):
    project.set_params(**{"acquire.source": "folder", "acquire.root": str(tree), "acquire.licence": "CC0-1.0"})


def test_every_image_has_a_row_of_the_manifest_and_its_files(project, cellarena):
    outcome = cellarena(project.root, "acquire")
    assert outcome.code == 0
    assert outcome.out.startswith("4 images, ")
    raw = project.root / "data/raw"
    records = read_manifest(raw / "manifest.csv")
    assert sorted({r.modality for r in records}) == ["brightfield", "dic", "fluorescence", "phase_contrast"]
    for record in records:
        image, labels = read_image(raw / record.image), read_image(raw / record.labels)
        assert labels.shape == image.shape[:2] == (record.height, record.width)
        assert str(image.dtype) == record.dtype
        assert len(np.unique(labels[labels > 0])) == record.n_objects


def test_the_same_parameters_give_the_same_bytes(project, cellarena):
    cellarena(project.root, "acquire")
    first = project.hashes("data/raw")
    cellarena(project.root, "acquire")
    assert project.hashes("data/raw") == first


def test_a_folder_keeps_its_bit_depth_and_licence(project, cellarena, tree):
    from_folder(project, tree)
    assert cellarena(project.root, "acquire").code == 0
    records = read_manifest(project.root / "data/raw/manifest.csv")
    assert [(r.id, r.dtype, r.licence, r.n_objects) for r in records] == [
        ("cell1", "uint16", "CC0-1.0", 1),
        ("cell2", "uint16", "CC0-1.0", 1),
    ]
    assert read_image(project.root / "data/raw" / records[1].image).max() == 2070


def test_a_source_that_fails_leaves_earlier_data_untouched(project, cellarena, tree):
    cellarena(project.root, "acquire")
    first = project.hashes("data/raw")
    (tree / "labels/cell2_label.tiff").unlink()
    from_folder(project, tree)
    outcome = cellarena(project.root, "acquire")
    assert outcome.code == 2
    assert "cell2" in outcome.err
    assert project.hashes("data/raw") == first
    assert [path.name for path in (project.root / "data").iterdir()] == ["raw"]


def test_what_cannot_be_paired_is_printed_as_a_manifest_and_the_error_is_one_line(project, cellarena, tree):
    (tree / "labels/cell2_label.tiff").rename(tree / "labels/other2.tiff")
    from_folder(project, tree)
    outcome = cellarena(project.root, "acquire")
    assert outcome.code == 2
    assert "the lines on stdout would pair them" in outcome.err.strip().splitlines()[-1]
    assert outcome.out.splitlines() == [
        "image,label",
        "images/cell1.tiff,labels/cell1_label.tiff",
        "images/cell2.tiff,labels/other2.tiff",
    ]
    (tree / "manifest.csv").write_text(outcome.out)
    assert cellarena(project.root, "acquire").code == 0


def test_notes_arrive_in_the_manifest(project, cellarena, tree):
    (tree / "manifest.csv").write_text("image;group;subset;pixel_size\ncell1;a;test;0,5\ncell2;b;;0.25 x 0.5\n")
    from_folder(project, tree)
    assert cellarena(project.root, "acquire").code == 0
    first, second = read_manifest(project.root / "data/raw/manifest.csv")
    assert (first.group, first.subset, first.pixel_height, first.pixel_width) == ("a", "test", 0.5, 0.5)
    assert (second.group, second.subset, second.pixel_height, second.pixel_width) == ("b", "", 0.25, 0.5)


def test_a_name_that_is_not_utf8_is_bad_input(project, cellarena, tree):
    (tree / os.fsdecode(b"images/zelle_\xe4.tiff")).write_bytes(b"x")
    from_folder(project, tree)
    outcome = cellarena(project.root, "acquire")
    assert outcome.code == 2
    assert "images/zelle_\\xe4.tiff: the name is not UTF-8" in outcome.err


def test_a_missing_folder_is_bad_input(project, cellarena, tree):
    from_folder(project, tree / "nosuch")
    outcome = cellarena(project.root, "acquire")
    assert outcome.code == 2
    assert "set acquire.root to the folder that holds the images" in outcome.err
    assert outcome.err.count("\n") == 1


def test_a_link_that_leaves_the_tree_is_a_security_refusal(project, cellarena, tree):
    (tree / "images/cell3.tiff").symlink_to(project.root / "params.yaml")
    from_folder(project, tree)
    outcome = cellarena(project.root, "acquire")
    assert outcome.code == 5
    assert "cell3.tiff: a link that leaves the tree" in outcome.err
    assert not (project.root / "data/raw").exists()


def test_an_archive_of_another_hash_is_an_integrity_fault(project, cellarena, tmp_path, monkeypatch):
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    (mirror / "Training-labeled.zip").write_bytes(b"something else")
    monkeypatch.setenv("CELLARENA_MIRROR", str(mirror))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    project.set_params(**{"acquire.source": "neurips22"})
    outcome = cellarena(project.root, "acquire")
    assert outcome.code == 4
    assert hashlib.sha256(b"something else").hexdigest() in outcome.err
    assert not (project.root / "data/raw").exists()


def test_what_nobody_annotated_is_kept_beside_the_labels_and_prepared_with_them(project, tree, cellarena):
    labels = read_image(tree / "labels/cell1_label.tiff").astype(np.uint16)
    labels[:, 30:] = 65535
    write_labels(labels, tree / "labels/cell1_label.tiff")
    from_folder(project, tree)
    project.set_params(**{"acquire.ignore": 65535})
    for stage, name in (("acquire", "raw"), ("preprocess", "preprocessed")):
        outcome = cellarena(project.root, stage)
        assert outcome.code == 0, outcome.err
        folder = project.root / "data" / name
        first, second = read_manifest(folder / "manifest.csv")
        assert (first.ignored, first.n_ignored, first.n_objects) == ("ignored/cell1.png", 800, 1)
        assert (second.ignored, second.n_ignored) == ("", 0)
        assert np.array_equal(read_image(folder / first.ignored), np.where(labels == 65535, 255, 0))
        assert np.array_equal(read_image(folder / first.labels), np.where(labels == 65535, 0, labels))
