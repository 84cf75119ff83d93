"""A cache that several clones share, by every kind of link: it is asked and filled, and a link into it is the file."""

import json
import shutil
import subprocess

import pytest

from cellarena.datasets.reading.trees import list_tree
from cellarena.faults import SecurityError
from cellarena.images.io import write_image
from cellarena.object_cache import cache_of
from released import copied, discs
from released import new_project as new_released
from shaped import RAW, new_shape, shared

LINKS = ["symlink", "hardlink", "reflink,copy", "copy"]


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    return new_released(tmp_path_factory.mktemp("released"))


@pytest.mark.parametrize("kind", LINKS)
def test_what_is_linked_is_compared_and_traced(tmp_path, cellarena, kind):
    root = shared(tmp_path, kind).repository.root
    assert (root / "data/counts.csv").is_symlink() == (kind == "symlink")
    for path in ("data/raw/a.bin", "data/raw", "data/counts.csv", str(root / "data/model.bin")):
        outcome = cellarena(root, "lineage", path, "--json")
        assert outcome.code == 0, outcome
        assert json.loads(outcome.out)["comparison"]["state"] == "unchanged", path
    (root / "data/counts.csv").unlink()
    (root / "data/counts.csv").write_text("4\n")
    assert cellarena(root, "lineage", "data/counts.csv").code == 4
    assert not (root / ".dvc/cache").exists()


def test_a_file_of_a_linked_folder_answers_for_itself(tmp_path, cellarena):
    root = shared(tmp_path, "symlink").repository.root
    (root / "data/raw/b.bin").unlink()
    (root / "data/raw/b.bin").write_bytes(b"edited")
    assert cellarena(root, "lineage", "data/raw/a.bin").code == 0
    assert cellarena(root, "lineage", "data/raw/b.bin").code == 4


def test_a_folder_of_data_may_lie_on_another_disk(tmp_path, cellarena):
    root = new_shape(tmp_path).repository.root
    (root / "data").rename(tmp_path / "disk")
    (root / "data").symlink_to(tmp_path / "disk")
    assert cellarena(root, "lineage", "data/raw/a.bin").code == 0
    assert cellarena(root, "lineage", str(root / "data/counts.csv")).code == 0


def test_review_asks_the_cache_before_the_remote(tmp_path, cellarena):
    made = shared(tmp_path, "symlink")
    shutil.rmtree(made.repository.root / "data")
    name = made.keep(b'[{"md5": "%s", "relpath": "a.bin"}]' % made.keep(b"new").encode(), ".dir")
    lock = made.repository.root / "dvc.lock"
    lock.write_text(lock.read_text().replace(next(n for n in made.precious if n.endswith(".dir")), name))
    made.repository.git("commit", "--all", "--quiet", "--message", "New")
    outcome = cellarena(made.repository.root, "review", "HEAD~1..HEAD")
    assert outcome.code == 0, outcome
    assert not (made.repository.root / ".dvc/cache").exists()


@pytest.mark.parametrize("where", ["local", "repository", "global"])
def test_segment_fills_the_cache_that_dvc_uses(released, tmp_path, monkeypatch, cellarena, where):
    project = copied(released, tmp_path)
    write_image(discs(1)[0], tmp_path / "images/a.tiff")
    monkeypatch.setenv("DVC_GLOBAL_CONFIG_DIR", str(tmp_path / "global"))
    text = f"[cache]\n    dir = {tmp_path / 'shared'}\n"
    (tmp_path / "global").mkdir()
    files = {
        "local": project.root / ".dvc/config.local", "repository": project.root / ".dvc/config",
        "global": tmp_path / "global/config",
    }  # fmt: skip
    with files[where].open("a") as file:
        file.write(text)
    for _ in range(2):
        outcome = cellarena(project.root, "segment", "../images", "--release", "unet#prod", "-o", "../out")
        assert outcome.code == 0, outcome
        shutil.rmtree(tmp_path / "out")
        shutil.rmtree(project.remote, ignore_errors=True)
    assert not (project.root / ".dvc/cache").exists()
    printed = subprocess.run(["dvc", "cache", "dir"], cwd=project.root, capture_output=True, text=True, check=True)
    assert cache_of(project.root).resolve() == (project.root / printed.stdout.strip()).resolve()


def test_dvcs_own_links_are_files_and_no_others_are(tmp_path):
    root = shared(tmp_path, "symlink").repository.root
    assert list_tree(root / "data/raw") == sorted(RAW)
    link = root / "data/raw/c.bin"
    for target in (
        tmp_path / "shared/CACHEDIR.TAG",
        root / "params.yaml",
        tmp_path / "other/files/md5/ab" / ("c" * 30),
    ):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
        link.symlink_to(target)
        with pytest.raises(SecurityError, match="leaves the tree"):
            list_tree(root / "data/raw")
        link.unlink()
    link.symlink_to(tmp_path / "shared/files/md5/ab" / ("c" * 30))
    with pytest.raises(ValueError, match="points at nothing"):
        list_tree(root / "data/raw")
