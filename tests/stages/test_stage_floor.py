"""Label images of the pipeline say which run made them, and of what."""

import shutil

import numpy as np
import pytest

from cellarena.images.intensity import to_rgb8
from cellarena.images.io import file_sha256, read_image, write_png
from cellarena.images.origins import labels_sha256, read_origin
from cellarena.records import Record, write_manifest
from released import discs
from workspace import ROOT


@pytest.fixture
def project(tmp_path):
    """A folder with two test images."""
    shutil.copy(ROOT / "params.yaml", tmp_path / "params.yaml")
    (tmp_path / "data/splits").mkdir(parents=True)
    records = []
    for number, name in enumerate("ab"):
        image, _ = discs(number)
        write_png(to_rgb8(image), tmp_path / f"data/preprocessed/images/{name}.png")
        paths = (f"images/{name}.png", f"labels/{name}.tiff")
        records.append(Record(name, *paths, "x", "", "", 64, 64, 1, "uint8", 6, "", "", "simulated", "CC0-1.0"))
    write_manifest(records, tmp_path / "data/splits/test.csv")
    return tmp_path


def test_a_predicted_label_image_says_its_run_its_image_and_its_labels(project, cellarena):
    assert cellarena(project, "floor").code == 0
    for name in "ab":
        path = project / f"data/predictions/otsu-real-0/{name}.tiff"
        origin = read_origin(path)
        assert (origin.run, origin.image, origin.weights, origin.release) == ("otsu-real-0", f"{name}.png", {}, None)
        assert origin.image_sha256 == file_sha256(project / f"data/preprocessed/images/{name}.png")
        assert origin.labels_sha256 == labels_sha256(read_image(path))
        assert len(np.unique(read_image(path))) > 2


def test_predictions_are_the_same_bytes_twice(project, cellarena):
    files = [project / f"data/predictions/otsu-real-0/{name}.tiff" for name in "ab"]
    cellarena(project, "floor")
    first = [path.read_bytes() for path in files]
    cellarena(project, "floor")
    assert [path.read_bytes() for path in files] == first
