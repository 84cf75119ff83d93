"""Images of one's own: brought in once, they are there for queued experiments and for other clones."""

import shutil
import subprocess

import pytest
import yaml

from cellarena.images.io import write_image, write_labels
from released import discs
from workspace import STORAGE, Workspace, wait_for


@pytest.fixture
def workspace(untouched, tmp_path):
    return untouched.copy(tmp_path)


@pytest.fixture
def images(tmp_path):
    """Annotated images outside of the repository."""
    return tree(tmp_path / "my-images", range(12))


def tree(folder, numbers):
    for number in numbers:
        image, labels = discs(number)
        write_image(image, folder / f"images/cell{number}.tiff")
        write_labels(labels, folder / f"labels/cell{number}.tiff")
    return folder


def acquire_of(workspace):
    return yaml.safe_load((workspace.root / "params.yaml").read_text())["acquire"]


def added(workspace, *words):
    workspace.run("cellarena", "add", *words)
    committed(workspace)


def committed(workspace):
    workspace.run("git", "add", "--all")
    workspace.run("git", "commit", "--quiet", "--message", "More")


def failed(workspace, *command):
    done = subprocess.run(command, cwd=workspace.root, env=workspace.environment, capture_output=True, text=True)  # noqa: PLW1510
    assert done.returncode, done.stdout
    return done.stdout + done.stderr


def colleague(workspace, tmp_path):
    """Return a clone elsewhere, which reaches the same remote and has pulled what is there."""
    workspace.run("dvc", "push", "--quiet")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / STORAGE).symlink_to(tmp_path / STORAGE)
    workspace.run("git", "clone", "--quiet", str(workspace.root), str(tmp_path / "elsewhere/project"))
    clone = Workspace(tmp_path / "elsewhere/project")
    clone.run("dvc", "pull", "--quiet", "split", "--with-deps")
    return clone


def test_images_that_were_added_survive_a_temporary_experiment_and_a_colleague(workspace, images, tmp_path):
    comments = [line for line in (workspace.root / "params.yaml").read_text().splitlines() if line.startswith("#")]
    added(workspace, str(images), "--name", "cells", "--licence", "CC-BY-4.0")
    chosen = acquire_of(workspace)
    assert (chosen["source"], chosen["root"], chosen["licence"]) == ("folder", "inbox/cells", "CC-BY-4.0")
    assert [l for l in (workspace.root / "params.yaml").read_text().splitlines() if l.startswith("#")] == comments  # noqa: E741
    shutil.rmtree(images)
    assert "acquire" in workspace.repro("split")[0]
    committed(workspace)
    printed = workspace.run("dvc", "exp", "run", "--temp", "-S", "acquire.plane.z=1", "acquire")
    assert "Ran experiment" in printed
    clone = colleague(workspace, tmp_path)
    before = clone.hashes("data/raw")
    assert clone.repro("split")[0] == []
    assert clone.hashes("data/raw") == before
    clone.set_params(**{"acquire.licence": "CC0-1.0"})
    assert clone.repro("acquire")[0] == ["grid", "acquire"]


@pytest.mark.slow
def test_images_that_were_added_are_there_in_a_queue(workspace, images):
    added(workspace, str(images))
    workspace.run("dvc", "exp", "run", "--queue", "-S", "split.seed=3", "split")
    workspace.run("dvc", "queue", "start")
    wait_for(lambda: "Success" in workspace.run("dvc", "queue", "status"), seconds=120)


@pytest.mark.slow
def test_what_lies_in_the_inbox_is_added_and_once_more_when_it_changed(workspace):
    tree(workspace.root / "inbox/mine", range(3))
    added(workspace, "inbox/mine")
    assert workspace.repro("acquire")[0] == ["grid", "acquire"]
    tree(workspace.root / "inbox/mine", range(5))
    added(workspace, "inbox/mine")
    assert workspace.repro("acquire")[0] == ["grid", "acquire"]
    assert len(list((workspace.root / "data/raw/images").iterdir())) == 5
    tree(workspace.root / "inbox", range(7))
    added(workspace, "inbox", "--name", "all")
    assert not (workspace.root / "inbox/all/mine").exists()
    workspace.repro("acquire")
    assert len(list((workspace.root / "data/raw/images").iterdir())) == 7


def test_a_folder_elsewhere_will_do_for_a_first_try_and_says_what_will_not(workspace, images):
    changed = ("-S", "acquire.source=folder", "-S", f"acquire.root={images}")
    printed = workspace.start("dvc", "exp", "run", *changed, "acquire").communicate()[0]
    assert f"`cellarena add {images}` brings it in" in " ".join(printed.split())
    assert len(list((workspace.root / "data/raw/images").iterdir())) == 12


def test_a_failed_acquire_leaves_what_was_acquired_before(workspace, images, tmp_path):
    added(workspace, str(images))
    workspace.repro("acquire")
    before = workspace.hashes("data/raw")
    committed(workspace)
    workspace.set_params(**{"acquire.root": "../nowhere"})
    failed(workspace, "dvc", "repro", "acquire")
    assert workspace.hashes("data/raw") == before
    workspace.run("git", "checkout", "--quiet", "params.yaml")
    (workspace.root / "inbox/my-images/labels/cell1.tiff").unlink()
    failed(workspace, "dvc", "repro", "acquire")
    assert workspace.hashes("data/raw") == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nowhere",), "nowhere: no such folder"),
        (("../my-images", "--name", "../up"), "cannot name a folder everywhere"),
        (("../my-images", "--name", "README.md"), "is there already"),
        (("../broken",), "cell0"),
    ],
)
def test_what_cannot_be_added_leaves_all_as_it_was(workspace, images, words, said, tmp_path, cellarena):
    shutil.copytree(images, tmp_path / "broken")
    (tmp_path / "broken/labels/cell0.tiff").unlink()
    done = cellarena(workspace.root, "add", *words)
    assert done.code == 2
    assert said in done.err
    assert not workspace.run("git", "status", "--porcelain")
    assert [path.name for path in (workspace.root / "inbox").iterdir()] == ["README.md"]


def test_a_git_that_hides_the_inbox_from_dvc_is_told(workspace, images, cellarena):
    """DVC takes a folder whose every file git ignores for ignored, and never looks into it."""
    ignored = workspace.root / ".gitignore"
    ignored.write_text(ignored.read_text().replace("/inbox/?*", "/inbox/*"))
    before = (workspace.root / "params.yaml").read_bytes()
    done = cellarena(workspace.root, "add", str(images))
    assert done.code == 2
    assert "write /inbox/?* there for /inbox/*" in done.err
    assert [path.name for path in (workspace.root / "inbox").iterdir()] == ["README.md"]
    assert (workspace.root / "params.yaml").read_bytes() == before
