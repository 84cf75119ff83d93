"""A model from its training to its users and back: released, promoted, used, replaced, rolled back."""

import hashlib
import json
import subprocess

import numpy as np
import pytest
import tifffile

from cellarena.images.io import read_image
from workspace import STORAGE, new_workspace

pytestmark = pytest.mark.journey

STEPS = {"first": 8, "worse": 1, "better": 150}


def train(workspace, steps):
    """Train and pack the model anew, commit and push all that a colleague needs."""
    budget = {"steps": steps, "crop": 64, "batch_size": 4, "validate_every": steps, "rate": 3}
    workspace.set_params(**{"budgets.small": budget})
    workspace.repro("package")
    workspace.run("git", "add", "--all")
    workspace.run("git", "commit", "--quiet", "--message", f"{steps} steps")
    workspace.run("cellarena", "sync")
    workspace.run("git", "push", "--quiet", "origin", "main")


def refused(workspace, *command, code):
    """Run a command that must end with an exit code, and return what it says of it: one line."""
    done = subprocess.run(
        command, cwd=workspace.root, env=workspace.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stderr.strip().splitlines()[-1]


def in_prod(workspace, tmp_path):
    """Return the version that cellarena, GTO and DVC each say is in prod; None where there is none."""
    listed = json.loads(workspace.run("cellarena", "releases", "unet", "--json"))
    ours = [entry["version"] for entry in listed if "prod" in entry["stages"]]
    theirs = [entry["version"] for entry in json.loads(workspace.run("gto", "show", "unet#prod", "--json"))]
    assert ours == theirs
    got = tmp_path / f"got-{len(list(tmp_path.glob('got-*')))}"
    workspace.run("dvc", "artifacts", "get", str(workspace.root), "unet", "--stage", "prod", "--out", str(got))
    promised = json.loads(workspace.run("cellarena", "lineage", f"unet@{ours[0]}", "--json"))
    assert promised["release"]["version"] == ours[0]
    assert (got / "package.json").read_bytes() == package_at(workspace, ours[0])
    learnt_from = json.loads(package_at(workspace, ours[0]))["data"]["channels"]
    assert ["grey"] in learnt_from
    assert all(kind in (["grey"], ["red", "green", "blue"]) for kind in learnt_from)
    return ours[0]


def package_at(workspace, version):
    """Return package.json of a release, by git and DVC alone."""
    copy = workspace.root / ".dvc" / "tmp" / version
    path = "data/packages/unet/package.json"
    workspace.run("dvc", "get", ".", path, "--rev", f"unet@{version}", "--out", str(copy), "--force")
    return copy.read_bytes()


def segmented(workspace, origin, image, out):
    """Segment an image in a folder that holds nothing of the project; return the labels and whose they are."""
    empty = out.parent / "elsewhere"
    empty.mkdir(exist_ok=True)
    command = ["cellarena", "segment", str(image), "--release", "unet#prod", "--repo", str(origin), "--out", str(out)]
    subprocess.run(command, cwd=empty, env=workspace.environment, check=True, capture_output=True)
    path = out / f"{image.stem}.tiff"
    with tifffile.TiffFile(path) as tiff:
        origin_of = json.loads(tiff.pages.first.description)
    return read_image(path), origin_of


@pytest.fixture
def shared(tmp_path):
    """A workspace whose history and data others can reach: a bare repository, and the storage beside it."""
    workspace = new_workspace(tmp_path)
    workspace.run("git", "init", "--quiet", "--bare", "--initial-branch=main", "../origin.git")
    workspace.run("git", "remote", "add", "origin", "../origin.git")
    return workspace


def test_a_model_from_training_to_its_users_and_back(shared, tmp_path):
    origin, workspace = tmp_path / "origin.git", shared
    train(workspace, STEPS["first"])
    assert "unet@v1.0.0" in workspace.run("cellarena", "release", "unet")
    workspace.run("git", "push", "--quiet", "origin", "unet@v1.0.0")
    assert "unet@v1.0.0 is in prod" in workspace.run("cellarena", "promote", "unet@v1.0.0", "prod")
    assert in_prod(workspace, tmp_path) == "v1.0.0"
    evidence = json.loads((workspace.root / "releases/unet@v1.0.0/prod-1.json").read_text())
    assert [check["name"] for check in evidence["checks"]] == [
        "files", "loads", "objects", "coverage", "not worse", "licence",
    ]  # fmt: skip

    image = next(iter(sorted((workspace.root / "data/preprocessed/images").glob("*.png"))))
    first, whose = segmented(workspace, origin, image, tmp_path / "first")
    assert first.shape == read_image(image).shape[:2]
    assert whose["release"]["version"] == "v1.0.0"

    train(workspace, STEPS["worse"])
    workspace.run("cellarena", "release", "unet", "--bump", "patch")
    workspace.run("git", "push", "--quiet", "origin", "unet@v1.0.1")
    said = refused(workspace, "cellarena", "promote", "unet@v1.0.1", "prod", code=2)
    assert "refused; not worse: unet@v1.0.1 cannot be told not to be worse than unet@v1.0.0" in said
    assert in_prod(workspace, tmp_path) == "v1.0.0"

    train(workspace, STEPS["better"])
    workspace.run("cellarena", "release", "unet")
    workspace.run("cellarena", "promote", "unet@v1.1.0", "prod")
    assert in_prod(workspace, tmp_path) == "v1.1.0"
    better, whose = segmented(workspace, origin, image, tmp_path / "better")
    assert whose["release"]["version"] == "v1.1.0"
    assert not np.array_equal(first, better)

    workspace.run("cellarena", "rollback", "unet", "prod")
    assert in_prod(workspace, tmp_path) == "v1.0.0"
    again, whose = segmented(workspace, origin, image, tmp_path / "again")
    assert whose["release"]["version"] == "v1.0.0"
    assert np.array_equal(first, again)
    history = workspace.run("git", "--git-dir", str(origin), "tag").split()
    assert history == ["unet#prod#1", "unet#prod#2", "unet#prod#3", "unet@v1.0.0", "unet@v1.0.1", "unet@v1.1.0"]


def test_a_release_whose_bytes_rotted_on_the_remote_is_not_promoted(shared, tmp_path):
    workspace = shared
    train(workspace, 2)
    workspace.run("cellarena", "release", "unet")
    weights = workspace.root / "data/packages/unet/checkpoints/unet-real-0/model.safetensors"
    md5 = hashlib.md5(weights.read_bytes(), usedforsecurity=False).hexdigest()
    stored = tmp_path / STORAGE / "files" / "md5" / md5[:2] / md5[2:]
    content = bytearray(stored.read_bytes())
    content[len(content) // 2] ^= 1
    stored.chmod(0o644)
    stored.write_bytes(content)
    said = refused(workspace, "cellarena", "promote", "unet@v1.0.0", "prod", code=4)
    assert "data/packages/unet" in said
    assert f"other bytes for {md5}" in said
    assert workspace.run("gto", "show", "unet#prod", "--json").strip() in {"", "[]"}
    assert not (workspace.root / "releases").exists()
