import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from cellarena.images.intensity import to_rgb8
from cellarena.images.io import read_image, write_labels, write_png
from cellarena.learning.predict import segment
from cellarena.registry.packages.package import read_package
from cellarena.registry.packages.proof import Agreement, agreement_of, prove, proving_segmenter
from released import RUN, discs, sign, write_checkpoint


@pytest.fixture
def folder(tmp_path):
    """A package with one crop in which the model finds its discs."""
    write_checkpoint(tmp_path / "checkpoints" / RUN)
    crop = to_rgb8(discs()[0])
    write_png(crop, tmp_path / "validation" / "a.png")
    _, segmenter = proving_segmenter(tmp_path / "checkpoints" / RUN)
    write_labels(segment(segmenter, crop), tmp_path / "validation" / "a.tiff")
    sign(tmp_path)
    return tmp_path


def outcome(folder):
    return {check.name: check.passed for check in prove(read_package(folder), folder, agreement=0.99)}


def test_a_package_that_is_as_it_was_is_proved(folder):
    assert read_image(folder / "validation" / "a.tiff").max() > 1
    assert outcome(folder) == {"files": True, "loads": True, "objects": True}


def test_a_file_that_changed_stops_the_proof_before_anything_is_loaded(folder):
    with (folder / "checkpoints" / RUN / "model.safetensors").open("ab") as file:
        file.write(b"x")
    assert outcome(folder) == {"files": False}


def test_weights_that_do_not_fit_are_not_loaded(folder):
    path = folder / "checkpoints" / RUN / "model.safetensors"
    save_file({"other": torch.zeros(3)}, path)
    sign(folder)
    assert outcome(folder) == {"files": True, "loads": False}


def test_weights_that_are_not_finite_are_not_loaded(folder):
    path = folder / "checkpoints" / RUN / "model.safetensors"
    weights = load_file(path)
    name = next(name for name, tensor in weights.items() if tensor.is_floating_point())
    weights[name] = torch.full_like(weights[name], float("nan"))
    save_file(weights, path)
    sign(folder)
    assert outcome(folder) == {"files": True, "loads": False}


def test_other_objects_than_recorded_are_noticed(folder):
    recorded = read_image(folder / "validation" / "a.tiff")
    recorded[recorded == recorded.max()] = 0
    write_labels(recorded, folder / "validation" / "a.tiff")
    sign(folder)
    (*_, check) = prove(read_package(folder), folder, agreement=0.99)
    assert not check.passed
    assert f"{recorded.max()} of {recorded.max()} recorded objects were found again, {recorded.max() + 1} in all" in (
        check.words
    )


def test_a_package_that_records_no_object_proves_nothing(folder):
    write_labels(np.zeros((64, 64), np.uint16), folder / "validation" / "a.tiff")
    sign(folder)
    assert outcome(folder)["objects"] is False


def test_crops_of_another_size_than_their_labels_are_refused(folder):
    write_labels(np.ones((8, 8), np.uint16), folder / "validation" / "a.tiff")
    sign(folder)
    assert outcome(folder) == {"files": True, "loads": False}


def test_agreement_is_f1_of_the_objects():
    true = np.zeros((8, 8), np.uint16)
    true[:3, :3], true[5:, 5:] = 1, 2
    pred = np.where(true == 1, 7, 0)
    assert agreement_of(true, pred) == Agreement(2, 1, 1)
    assert agreement_of(true, pred).share == pytest.approx(2 / 3)
    assert Agreement(0, 0, 0).share == 1
    assert Agreement(1, 2, 1) + Agreement(3, 1, 0) == Agreement(4, 3, 1)
