"""A small network in every format; every network in every format is in test_export_conformance.py."""

import json
import subprocess
import zipfile

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from cellarena.faults import IntegrityError
from cellarena.learning.ensemble_checkpoints import Ensemble
from cellarena.registry.export import torchscript
from cellarena.registry.export.proof import prove
from cellarena.registry.export.spec import FORMATS
from cellarena.targets.spec import TARGETS
from packed import CALLED, opened, pack


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    return pack("unet", tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="module")
def release(package):
    return opened(package)


@pytest.fixture(scope="module")
def collection(release, tmp_path_factory):
    """The folder of a bioimage.io package."""
    folder = tmp_path_factory.mktemp("bioimageio")
    FORMATS["bioimageio"].export(release, folder)
    return folder


def test_every_target_names_its_channels():
    assert all(len(TARGETS[name].channels) == TARGETS[name].n_channels for name in TARGETS)


def test_what_is_exported_is_activated(release):
    output = release.run(release.example(1, 64, 64).numpy())
    assert output.shape == (1, 3, 64, 64)
    assert np.allclose(output.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("name", ["torchscript", "torch-export"])
def test_a_folder_holds_the_network_and_how_to_use_it(name, release, tmp_path):
    lines = FORMATS[name].export(release, tmp_path)
    (file,) = (path for path in tmp_path.iterdir() if path.name.startswith("model."))
    assert lines[0].startswith(f"{file.name}: outputs differ from the network's by at most ")
    assert "takes any size that fits" in lines[0]
    readme = (tmp_path / "README.md").read_text()
    assert all(words in readme for words in ("my-model v1.2.0", "divide by 255", "0 background", "multiples of 32"))
    settings = json.loads((tmp_path / "settings.json").read_text())
    assert settings["percentiles"] == {"low": 1, "high": 99}
    assert settings["decoding"] == release.target.model_dump(mode="json")


def test_onnx_and_torchscript_of_the_collection_are_the_network(collection, release):
    onnxruntime = pytest.importorskip("onnxruntime")
    given = np.load(collection / "test_input.npy")
    expected = np.load(collection / "test_output.npy")
    assert given.max() > 100
    session = onnxruntime.InferenceSession(str(collection / "model.onnx"))
    (found,) = session.run(["activated"], {"image": given / np.float32(255)})
    assert np.abs(found - expected).max() < 1e-4
    traced = torch.jit.load(str(collection / "model.pt"))
    assert np.abs(traced(torch.from_numpy(given / np.float32(255))).numpy() - expected).max() < 1e-4


def test_the_description_says_whose_and_what_it_is(collection):
    content = yaml.safe_load((collection / "bioimageio.yaml").read_text())
    assert content["version"] == "1.2.0"
    assert content["license"] == "CC0-1.0"
    assert content["authors"] == [{"name": "A. Author"}]
    assert content["cite"][0]["doi"].startswith("10.")
    assert content["timestamp"].startswith("2026-01-02")
    assert content["inputs"][0]["axes"][2]["size"] == {"min": 32, "step": 32}
    assert "# Model card" in (collection / "README.md").read_text()
    width, height = Image.open(collection / "cover.png").size
    assert width == 2 * height >= 512


def test_a_licence_that_is_an_expression_becomes_a_file(tmp_path):
    from cellarena.registry.export.bioimageio import description

    release = opened(pack("unet", tmp_path / "p", licence="CC0-1.0 AND MIT"))
    from cellarena.registry.export import bioimageio

    proof = prove(release, release.run, "itself")
    (tmp_path / "out").mkdir()
    for name in ("model.pt", "model.onnx"):
        (tmp_path / "out" / name).write_bytes(b"")
    bioimageio._write_tensors(release, tmp_path / "out")
    bioimageio._write_documents(release, {"model.pt": proof}, tmp_path / "out")
    assert description(release, {"model.pt": proof}, tmp_path / "out")["license"]["source"] == "LICENCE.txt"
    assert "- images: simulated: CC0-1.0 AND MIT" in (tmp_path / "out" / "LICENCE.txt").read_text()


def test_black_frames_cannot_be_said_in_the_collections_terms(tmp_path):
    from cellarena.registry.export.bioimageio import _preprocessing

    release = opened(pack("unet", tmp_path, normalisation="z_score_nonzero"))
    with pytest.raises(ValueError, match="no preprocessing that leaves out black pixels"):
        _preprocessing(release)


def test_no_path_of_this_machine_is_in_what_is_handed_on(collection, release, tmp_path):
    FORMATS["torch-export"].export(release, tmp_path)
    with zipfile.ZipFile(tmp_path / "model.pt2") as archive:
        texts = [archive.read(name) for name in archive.namelist()]
    texts += [path.read_bytes() for path in collection.iterdir() if path.suffix != ".pt"]
    assert not any(b"/src/cellarena/" in text or b"site-packages" in text for text in texts)


def test_another_network_is_found_out(release, package):
    def wrong(pixels):
        return np.ascontiguousarray(release.run(pixels)[:, ::-1])

    with pytest.raises(IntegrityError, match="model.x: "):
        prove(release, wrong, "model.x")


def test_a_slight_difference_is_found_out(release):
    with pytest.raises(IntegrityError, match=r"differ from the network's by 2.0e-03, allowed are 1e-03"):
        prove(release, lambda pixels: release.run(pixels) + np.float32(0.002) * (pixels.shape[2] == 64), "model.x")


def test_a_network_of_one_size_is_told_from_one_of_any(release):
    def rigid(pixels):
        if pixels.shape != (1, 3, 64, 64):
            raise RuntimeError("size")
        return release.run(pixels)

    proof = prove(release, rigid, "model.x")
    assert not proof.any_size
    assert prove(release, release.run, "model.x").any_size


def test_a_changed_package_is_not_exported(tmp_path):
    folder = pack("unet", tmp_path)
    with (folder / "scores.csv").open("w") as file:
        file.write("x")
    with pytest.raises(IntegrityError, match="knows no such file"):
        opened(folder)


def test_an_ensemble_is_refused_with_its_members(package, monkeypatch):
    ensemble = Ensemble({"maunet-real-0": None, "maunet_wide-real-0": None}, None, None)
    monkeypatch.setattr("cellarena.registry.export.portable.load_checkpoint", lambda *_: ensemble)
    with pytest.raises(ValueError, match="is an ensemble.* export its members maunet-real-0, maunet_wide-real-0"):
        opened(package)


def test_the_command_exports_a_folder(cellarena, package, tmp_path):
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    done = cellarena(tmp_path, "export", "--package", str(package), "--format", "torchscript", "-o", "out",
                     "--author", "Me")  # fmt: skip
    assert done.code == 0, done.err
    assert "unet-real-0 is in out" in done.out
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["README.md", "model.pt", "settings.json"]
    again = cellarena(tmp_path, "export", "--package", str(package), "--format", "torchscript", "-o", "out")
    assert again.code == 2
    assert "out: is there already" in again.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--format", "torchscript", "-o", "x"], "name either a release"),
        (["unet@v1.0.0", "--package", "p", "--format", "torchscript", "-o", "x"], "name either a release"),
        (["--package", "p", "--format", "keras", "-o", "x"], "unknown export 'keras'; known: bioimageio, onnx"),
        (["--package", "p", "--format", "torchscript", "-o", "x"], "no such package"),
        (["--package", "p", "--format", "bioimageio", "-o", "x"], "let its name end in .zip"),
        (["unet@1.0", "--format", "torchscript", "-o", "x"], "is no version"),
        (["unet@v1.0.0", "--format", "torchscript", "-o", "x"], "was never released"),
    ],
)
def test_what_cannot_be_exported_is_one_line(cellarena, arguments, words, tmp_path):
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    who = ["-c", "user.name=T", "-c", "user.email=t@example.org"]
    subprocess.run(["git", *who, "commit", "-q", "--allow-empty", "-m", "Start"], cwd=tmp_path, check=True)
    done = cellarena(tmp_path, "export", *arguments)
    assert done.code == 2
    assert words in done.err
    assert done.err.count("\n") == 1
    assert not (tmp_path / "x").exists()


def test_the_same_trace_has_the_same_outputs(release, tmp_path):
    for name in ("a.pt", "b.pt"):
        torchscript.write(release, tmp_path / name)
    pixels = release.example(1, 64, 64).numpy()
    first, second = (torchscript.load(tmp_path / name)(pixels) for name in ("a.pt", "b.pt"))
    assert first.tobytes() == second.tobytes()
    assert CALLED.name == release.called.name
