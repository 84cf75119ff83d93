"""A distribution from outside, installed for real: what it adds is found, trained, scored and written down."""

import json
import os
import shutil
import subprocess
import sys

import pytest
import yaml

from workspace import ROOT, SMALL, Workspace

SAMPLE = ROOT / "tests/sample_extension"
MODEL = {
    "optimizer": "adamw", "learning_rate": 0.001, "weight_decay": 0.01, "augmentation": "geometric",
    "normalisation": "unit", "foreground": 0.5, "width": 8,
}  # fmt: skip


def install(folder, edit=lambda _: None):
    """Install the sample, after an edit of a copy of it, where PYTHONPATH may name it."""
    shutil.copytree(SAMPLE, folder / "source")
    edit(folder / "source")
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"),
            *("--disable-pip-version-check", "--target", folder / "site", folder / "source"),
        ],
        check=True,
    )
    return folder / "site"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return install(tmp_path_factory.mktemp("sample"))


@pytest.fixture
def project(tmp_path, site, monkeypatch):
    """A folder with a params.yaml in small that has blocks for what the sample adds; the sample is installed."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), str(ROOT / "src")]))
    shutil.copy(ROOT / "params.yaml", tmp_path)
    found = Workspace(tmp_path)
    found.set_params(**SMALL)
    content = yaml.safe_load((tmp_path / "params.yaml").read_text())
    content["models"]["dotted"], content["acquire"]["source"] = MODEL, "dots"
    content["targets"]["thick"] = content["targets"]["three_class"]
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
    return found


def code(project):
    project.run("cellarena", "code")
    return yaml.safe_load((project.root / "code.yaml").read_text())


def changed(before, after):
    flat = [{(verb, *k): v for verb, n in c.items() for k, v in pairs(n)} for c in (before, after)]
    return {key for key in flat[0] if flat[0][key] != flat[1].get(key)}


def pairs(node):
    return [((name,), value) for name, value in node.items()] if isinstance(node, dict) else [((), node)]


def test_what_is_added_has_keys_and_its_version_is_written_down(project):
    found = code(project)
    assert found["extensions"] == {"dotted-cells": "0.1.0"}
    assert {"dotted"} <= found["train"].keys() & found["predict"].keys() & found["package"].keys()
    assert "dots" in found["acquire"]


def test_a_project_that_does_not_use_what_is_added_needs_no_block_for_it(project):
    shutil.copy(ROOT / "params.yaml", project.root)
    assert "runs of the study" in project.run("cellarena", "grid")


def test_a_version_and_an_edit_change_the_keys_that_reach_it(project, tmp_path, monkeypatch):
    before = code(project)

    def use(site):
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), str(ROOT / "src")]))
        return changed(before, code(project))

    newer = use(install(tmp_path / "newer", rewrite("pyproject.toml", "0.1.0", "0.2.0")))
    assert {("train", "dotted"), ("acquire", "dots"), ("evaluate",), ("extensions", "dotted-cells")} <= newer
    assert not {("train", "unet"), ("acquire", "simulated"), ("split",)} & newer
    painting = install(tmp_path / "edited")
    (painting / "dotted/painting.py").write_text((painting / "dotted/painting.py").read_text() + "\nx = 1\n")
    assert use(painting) == {("acquire", "dots")}


def test_its_metric_is_a_row_of_every_score(project):
    program = "import numpy as np\nfrom cellarena.evaluation.protocols.strict import score_strict\n"
    program += "print(score_strict(np.eye(9, dtype=int), np.zeros((9, 9), int), [0.5]))"
    assert "(nan, 'excess_with_border', -1.0)" in project.run(sys.executable, "-c", program)


@pytest.mark.slow
def test_it_is_acquired_trained_and_written_down(project):
    for command in (
        "acquire", "preprocess", "split", "plan", "train dotted real 0", "predict dotted real 0",
    ):  # fmt: skip
        project.run("cellarena", *command.split())
    card = json.loads((project.root / "data/checkpoints/dotted-real-0/model.json").read_text())
    assert card["target"] == "thick"
    assert card["libraries"]["dotted-cells"] == "0.1.0"
    assert list((project.root / "data/predictions/dotted-real-0").glob("*.tiff"))


@pytest.mark.slow
def test_it_is_held_to_what_every_model_must_do(project):
    shutil.copytree(ROOT / "tests/models", project.root / "tests/models")
    conformance = project.root / "tests/models/test_conformance.py"
    done = project.run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "dotted", str(conformance))
    assert "passed" in done


def rewrite(name, old, new):
    """Return an edit of a file of the sample."""

    def edit(source):
        text = (source / name).read_text()
        assert old in text
        (source / name).write_text(text.replace(old, new))

    return edit


@pytest.mark.parametrize(
    ("edit", "fault"),
    [
        (rewrite("dotted/network.py", "from pydantic", "from nowhere"), "fails: No module named 'nowhere'"),
        (rewrite("dotted/network.py", 'register("dotted")', 'register("dot")'), "registers no model 'dotted'"),
        (rewrite("pyproject.toml", "dotted.network", "dotted.network:lack"), "has no attribute 'lack'"),
        (rewrite("pyproject.toml", "dotted = ", "unet = "), "the model 'unet' that it adds is one of this project"),
        (rewrite("dotted/images.py", '"dots"', '"bbbc038"'), "source 'bbbc038' is registered twice"),
    ],
    ids=["broken", "registers another name", "lacks what is named", "clash", "clash in a module of many"],
)
def test_an_entry_point_that_clashes_or_fails_names_its_distribution(project, tmp_path, monkeypatch, edit, fault):
    site = install(tmp_path / "other", edit)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), str(ROOT / "src")]))
    done = subprocess.run(
        ["cellarena", "code"], cwd=project.root, env=project.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("cellarena: ")
    assert len(done.stderr.splitlines()) == 1
    assert "dotted-cells 0.1.0" in done.stderr
    assert fault in done.stderr
