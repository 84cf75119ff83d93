"""Prepared images: 8-bit RGB, the labels as they were, the classes for review."""

import shutil

import numpy as np
import pytest
from PIL import Image

from cellarena.images.io import read_image
from cellarena.records import read_manifest
from workspace import ROOT, Workspace


@pytest.fixture
def project(tmp_path, cellarena):
    shutil.copy(ROOT / "params.yaml", tmp_path / "params.yaml")
    workspace = Workspace(tmp_path)
    workspace.set_params(**{"acquire.simulated.images": 8})
    assert cellarena(tmp_path, "acquire").code == 0
    return workspace


def test_images_are_8_bit_rgb_and_labels_are_what_they_were(project, cellarena):
    assert cellarena(project.root, "preprocess").code == 0
    raw, prepared = project.root / "data/raw", project.root / "data/preprocessed"
    before = {record.id: record for record in read_manifest(raw / "manifest.csv")}
    records = read_manifest(prepared / "manifest.csv")
    assert [record.id for record in records] == sorted(before)
    for record in records:
        image = read_image(prepared / record.image)
        assert (image.dtype, image.shape) == (np.uint8, (record.height, record.width, 3))
        assert (image.min(), image.max()) == (0, 255)
        assert np.array_equal(read_image(prepared / record.labels), read_image(raw / before[record.id].labels))
        assert record.sha256 == before[record.id].sha256


def test_the_classes_for_review_cover_the_objects(project, cellarena):
    cellarena(project.root, "preprocess")
    prepared = project.root / "data/preprocessed"
    for record in read_manifest(prepared / "manifest.csv"):
        classes = np.asarray(Image.open(prepared / f"targets/{record.id}.png"))
        labels = read_image(prepared / record.labels)
        assert set(np.unique(classes)) == {0, 1, 2}
        assert np.all(labels[classes == 1] > 0)


def test_a_damaged_image_is_named_and_earlier_results_stay(project, cellarena):
    cellarena(project.root, "preprocess")
    first = project.hashes("data/preprocessed")
    damaged = sorted((project.root / "data/raw/images").iterdir())[3]
    damaged.write_bytes(damaged.read_bytes()[:100])
    outcome = cellarena(project.root, "preprocess")
    assert outcome.code == 2
    assert damaged.name in outcome.err
    assert project.hashes("data/preprocessed") == first
