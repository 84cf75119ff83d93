"""Every command works in a folder and for a user of any name: umlauts, spaces, #, commas, %, in a plain C locale."""

import os
import shutil
import subprocess

import pytest

from cellarena.images.io import write_image, write_labels
from released import copied, discs, new_project
from workspace import ROOT, new_workspace

ODD = "Zellen ü #1, 50%"
RAW, IMAGE = "raw@v1.0.0", f"../{ODD}.tiff"
SEGMENT = ("segment", IMAGE, "--release", "unet#prod", "--out", "../Labels ü")


def environment(folder):
    """Return the variables of a user whose home lies in a folder and is called as oddly, in the plainest locale."""
    home = folder / f"Heim {ODD}"
    home.mkdir(exist_ok=True)
    own = {name: value for name, value in os.environ.items() if not name.startswith(("DVC_", "GIT_", "LC_", "XDG_"))}
    return own | {"HOME": str(home), "LANG": "C", "LC_ALL": "C", "GIT_CONFIG_NOSYSTEM": "1", "DVC_NO_ANALYTICS": "1"}


@pytest.fixture(scope="session")
def plain(tmp_path_factory):
    """A released project; what its commits describe is also in its working tree."""
    project = new_project(tmp_path_factory.mktemp("plain"))
    for name in ("params.yaml", ".gto", ".dvc/.gitignore"):
        shutil.copy(ROOT / name, project.root / name)
    project.git("tag", "--delete", "unet#prod#1", "unet@v1.0.0", "raw@v1.0.0")
    for key, value in (("user.name", "Jürgen"), ("user.email", "j@example.org")):
        project.git("config", key, value)
    config = f'[core]\n    remote = storage\n[\'remote "storage"\']\n    url = "../../Speicher {ODD}"\n'
    (project.root / ".dvc/config").write_text(config, encoding="utf-8")
    project.commit("Wie heute")
    project.tag("unet@v1.0.0", "unet#prod#1", RAW, "raw#prod#2")
    project.commit("Noch einer")
    project.tag("raw@v1.1.0", "raw#prod#3")
    return project


@pytest.fixture
def odd(plain, tmp_path):
    """The same where all is called oddly: clone, origin, DVC's remote and its cache, and images to segment."""
    parent = tmp_path / ODD
    parent.mkdir()
    project = copied(plain, parent)
    (parent / "storage").rename(parent / f"Speicher {ODD}")
    local = f'[cache]\n    dir = "{parent}/Lager {ODD}"\n'
    (project.root / ".dvc/config.local").write_text(local, encoding="utf-8")
    project.git("clone", "--quiet", "--bare", ".", f"../origin {ODD}.git")
    project.git("remote", "add", "origin", f"../origin {ODD}.git")
    write_image(discs()[0], parent / f"{ODD}.tiff")
    return project


@pytest.mark.parametrize(
    "words",
    [
        ("release", "unet"),
        ("promote", RAW, "dev"),
        ("rollback", "raw", "prod"),
        ("withdraw", RAW, "--why", "für immer"),
        ("releases",),
        ("lineage", "unet#prod"),
        ("status",),
        ("verify", "--remote"),
        ("sync",),
        ("heal",),
        SEGMENT,
        ("segment", IMAGE, "--release", "unet", "--repo", f"../origin {ODD}.git", "--out", "../Labels ü"),
        ("export", "unet@v1.0.0", "--format", "torchscript", "--output", "../Netz ü"),
    ],
    ids=lambda words: " ".join(words[:1]),
)
def test_every_command_of_the_registry_works_there(odd, words, cellarena, monkeypatch):
    for name, value in environment(odd.root.parent).items():
        monkeypatch.setenv(name, value)
    if words[0] == "verify":
        assert cellarena(odd.root, "heal").code == 0
    done = cellarena(odd.root, *words)
    assert done.code == 0, done.err


@pytest.mark.parametrize("words", [("release", "unet"), SEGMENT], ids=["release", "segment"])
def test_a_plain_locale_is_no_hindrance(odd, words):
    own = environment(odd.root.parent)
    done = subprocess.run(["cellarena", *words], cwd=odd.root, env=own, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


@pytest.fixture
def beginning(tmp_path):
    """A workspace in which nothing ran, in an odd place, with images of an odd name to begin with."""
    parent = tmp_path / ODD
    workspace = new_workspace(parent)
    for number in range(8):
        image, labels = discs(number)
        write_image(image, parent / "Bilder ü" / f"images/{number} ü #, 5%.tiff")
        write_labels(labels, parent / "Bilder ü" / f"labels/{number} ü #, 5%.tiff")
    workspace.set_params(**{"acquire.source": "folder", "acquire.root": "../Bilder ü"})
    return workspace


def test_a_pipeline_begins_there_with_images_of_such_names(beginning):
    own = beginning.environment | environment(beginning.root.parent)
    done = subprocess.run(["dvc", "repro", "split"], cwd=beginning.root, env=own, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.slow
def test_the_whole_pipeline_runs_there(beginning):
    beginning.set_params(**{"acquire.source": "simulated", "acquire.root": "inbox"})
    own = beginning.environment | environment(beginning.root.parent)
    for command in ("dvc repro", "git add --all", "git commit --message Results", "cellarena review HEAD~1..HEAD"):
        done = subprocess.run(command.split(), cwd=beginning.root, env=own, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
