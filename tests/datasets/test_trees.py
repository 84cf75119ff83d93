"""Listing a tree: what DVC could not track, or a Windows program packed, is refused by name."""

import os
from pathlib import Path

import pytest

from cellarena.datasets.reading.trees import list_tree
from cellarena.faults import SecurityError


def made(root: Path, *paths: str) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"x")
    return root


def test_files_come_sorted_and_empty_folders_too(tmp_path: Path) -> None:
    made(tmp_path, "b/2.tif", "a.tif", "b/1.tif", "c/.DS_Store")
    (tmp_path / "d/e").mkdir(parents=True)
    assert list_tree(tmp_path) == ["a.tif", "b/1.tif", "b/2.tif", "c/", "d/e/"]


def test_an_empty_tree_has_nothing(tmp_path: Path) -> None:
    assert list_tree(tmp_path) == []


@pytest.mark.parametrize("name", [b"zelle_\xe4.tif", b"sub\xff/a.tif", b".hidden\xe4"])
def test_a_name_that_is_not_utf8_is_refused_with_its_bytes_written_out(tmp_path: Path, name: bytes) -> None:
    made(tmp_path, f"images/{os.fsdecode(name)}")
    with pytest.raises(ValueError, match=r"images/\S*\\x(e4|ff)\S*: the name is not UTF-8; rename it") as caught:
        list_tree(tmp_path)
    str(caught.value).encode()


def test_names_of_other_scripts_are_names(tmp_path: Path) -> None:
    assert list_tree(made(tmp_path, "\u7d30\u80de.tif", "Zelle \u00e4.tif")) == ["Zelle \u00e4.tif", "\u7d30\u80de.tif"]


def test_a_backslash_in_a_name_is_a_zip_from_windows(tmp_path: Path) -> None:
    made(tmp_path, "images\\cell_000.tif")
    with pytest.raises(ValueError, match=r"images\\cell_000.tif: a name with a backslash.*unpack that with `unzip`"):
        list_tree(tmp_path)


def test_a_link_to_an_absent_drive_says_both(tmp_path: Path) -> None:
    (tmp_path / "a.tif").symlink_to("/mnt/gone/plate7/a.tif")
    with pytest.raises(SecurityError, match=r"a.tif: a link that leaves the tree and points at nothing \(/mnt/gone/"):
        list_tree(tmp_path)
