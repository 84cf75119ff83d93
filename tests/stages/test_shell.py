"""Folders that appear whole or not at all."""

from pathlib import Path

import pytest

from cellarena.shell.running import fresh_folder


@pytest.fixture
def earlier(tmp_path):
    """A folder of an earlier run, with one file."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out/old").write_text("old")
    return tmp_path / "out"


def files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_the_new_takes_the_place_of_the_earlier(earlier):
    with fresh_folder(earlier) as folder:
        (folder / "new").write_text("new")
    assert files(earlier.parent) == ["out/new"]


def test_a_block_that_fails_changes_nothing(earlier):
    def half(folder):
        (folder / "new").write_text("new")
        raise ValueError("midway")

    with pytest.raises(ValueError, match="midway"), fresh_folder(earlier) as folder:
        half(folder)
    assert files(earlier.parent) == ["out/old"]


def test_a_folder_that_cannot_be_moved_into_place_gives_the_earlier_back(earlier, monkeypatch):
    replace = Path.replace

    def refuse(path, target):
        if path.name == "out.partial":
            raise PermissionError(13, "Permission denied", str(target))
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(PermissionError), fresh_folder(earlier) as folder:
        (folder / "new").write_text("new")
    assert files(earlier.parent) == ["out/old"]
