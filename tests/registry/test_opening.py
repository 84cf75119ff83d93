import shutil
import subprocess
import sys

import numpy as np
import pytest
import yaml

from cellarena.faults import IntegrityError, PartialError, SecurityError
from cellarena.images.intensity import to_rgb8
from cellarena.images.io import write_image
from cellarena.learning.checkpoints import load_model
from cellarena.learning.predict import segment
from cellarena.learning.recipe import Inference
from cellarena.registry import open_release
from released import NORMALISATION, PARAMS, RUN, copied, discs, new_project, sign, write_release


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return new_project(tmp_path_factory.mktemp("released"))


@pytest.fixture
def project(original, tmp_path, monkeypatch):
    monkeypatch.setenv("CELLARENA_CACHE", str(tmp_path / "cache"))
    return copied(original, tmp_path)


def released_again(project, change, version="v1.0.1"):
    """Release the package again after a change of its folder or of the project."""
    change(project.root)
    content = yaml.safe_load((project.root / "dvc.lock").read_text())
    content["stages"]["package@unet"]["outs"][0]["md5"] = project.push("data/packages/unet")
    (project.root / "dvc.lock").write_text(yaml.safe_dump(content))
    project.commit("Another release")
    project.tag(f"unet@{version}")
    return f"unet@{version}"


def test_the_labels_are_those_of_the_checkpoint_in_the_pipeline(project):
    image, _ = discs(3)
    model = open_release("unet#prod", repo=str(project.root))
    network = load_model(project.root / "data/checkpoints" / RUN, "cpu").segmenter(Inference(**PARAMS["predict"]))
    labels = model.segment(image)
    np.testing.assert_array_equal(labels, segment(network, to_rgb8(image, **NORMALISATION)))
    assert labels.dtype == np.uint32
    # Six discs were drawn, some of which touch.
    assert 3 <= labels.max() <= 6


def test_a_path_is_segmented_as_the_array_in_it(project, tmp_path):
    image, _ = discs(4)
    write_image(image, tmp_path / "a.tiff")
    model = open_release("unet", repo=str(project.root))
    np.testing.assert_array_equal(model.segment(tmp_path / "a.tiff"), model.segment(image))
    np.testing.assert_array_equal(model.segment(str(tmp_path / "a.tiff")), model.segment(image))


def test_what_was_fetched_once_is_not_fetched_again(project):
    address = f"file://{project.root}"
    first = open_release("unet@v1.0.0", repo=address)
    project.remote.rename(project.remote.with_name("gone"))
    assert open_release("unet@v1.0.0", repo=address).release == first.release


def test_a_remote_that_is_gone_is_a_partial_fault(project):
    shutil.rmtree(project.remote)
    with pytest.raises(PartialError, match="the remote lacks it"):
        open_release("unet", repo=str(project.root))


def test_the_settings_of_the_commit_are_those_that_it_predicts_with(project):
    def mirror(root):
        params = {**PARAMS, "predict": {**PARAMS["predict"], "mirror": True}}
        (root / "params.yaml").write_text(yaml.safe_dump(params))

    name = released_again(project, mirror)
    assert len(open_release(name, repo=str(project.root)).segmenter.tiles.flips) == 4
    assert len(open_release("unet@v1.0.0", repo=str(project.root)).segmenter.tiles.flips) == 1


def test_intensities_are_stretched_as_the_card_says(project):
    image, _ = discs(5)
    name = released_again(
        project, lambda root: write_release(root / "data/packages/unet", normalisation={"low": 0, "high": 60})
    )
    seen = open_release(name, repo=str(project.root)).as_seen(image)
    np.testing.assert_array_equal(seen, to_rgb8(image, 0, 60))
    assert not np.array_equal(seen, to_rgb8(image, 1, 99))


@pytest.mark.parametrize(
    ("change", "fault", "said"),
    [
        (lambda folder: (folder / "extra.txt").write_text("x"), IntegrityError, "knows no such file"),
        (lambda folder: (folder / "validation/a.png").unlink(), IntegrityError, "is missing"),
        (lambda folder: (folder / f"checkpoints/{RUN}/model.json").write_text("{}"), IntegrityError, "sha256 is"),
        (lambda folder: (folder / "package.json").unlink(), FileNotFoundError, "no such package"),
        (lambda folder: write_release(folder, normalisation=None), ValueError, "normalisation cannot be read"),
        (lambda folder: write_release(folder, normalisation={"low": 99, "high": 1}), ValueError, "must be below"),
    ],
)
def test_a_release_that_is_not_whole_is_refused(project, change, fault, said):
    name = released_again(project, lambda root: change(root / "data/packages/unet"))
    with pytest.raises(fault, match=said):
        open_release(name, repo=str(project.root))


def test_weights_that_are_no_safetensors_are_refused(project):
    def damage(root):
        weights = root / "data/packages/unet/checkpoints" / RUN / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:-9])
        sign(root / "data/packages/unet")

    with pytest.raises(ValueError, match="not a valid safetensors file"):
        open_release(released_again(project, damage), repo=str(project.root))


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("unet@v9.0.0", "unet"),
        ("unet#staging", "unet"),
        ("raw", "is a dataset, not a model"),
        ("../unet", "cannot name an artifact"),
        ("unet@1.0", "no version"),
    ],
)
def test_what_is_no_released_model_is_refused(project, reference, said):
    with pytest.raises(ValueError, match=said):
        open_release(reference, repo=str(project.root))


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (np.zeros((3, 4, 5, 6)), "is no image"),
        (np.zeros((4, 4, 7)), "has 7 channels"),
        (np.zeros((0, 4)), "is no image"),
        (np.full((4, 4), np.nan), "NaN"),
        (np.zeros((4, 4), complex), "other than real numbers"),
    ],
)
def test_an_array_that_is_no_image_is_refused(project, image, said):
    with pytest.raises(ValueError, match=said):
        open_release("unet", repo=str(project.root)).segment(image)


def test_an_image_beyond_the_memory_is_refused_before_it_is_taken(project, monkeypatch):
    model = open_release("unet", repo=str(project.root))
    free = type("Memory", (), {"available": 64 * 64 * 300 - 1})
    monkeypatch.setattr("psutil.virtual_memory", lambda: free)
    with pytest.raises(MemoryError, match="4,096 pixels take about"):
        model.segment(discs()[0])


def test_a_repository_whose_output_lies_behind_a_link_is_refused(project):
    def link(root):
        shutil.move(root / "data", root / "elsewhere")
        (root / "data").symlink_to("elsewhere")
        (root / ".gitignore").write_text("/elsewhere/\n")

    link(project.root)
    project.commit("A link")
    project.tag("unet@v2.0.0")
    with pytest.raises(SecurityError, match="symbolic link"):
        open_release("unet@v2.0.0", repo=str(project.root))


def test_importing_the_registry_imports_nothing_heavy():
    code = (
        "import sys, cellarena.registry\n"
        "heavy = {'torch', 'monai', 'lightning', 'matplotlib', 'skimage', 'dvc', 'gto'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
