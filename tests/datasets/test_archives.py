"""Unpacking: whole or not at all, and nothing outside its folder."""

import stat
import zipfile
from pathlib import Path

import pytest

from cellarena.datasets.downloading import archives
from cellarena.datasets.downloading.archives import unpack
from cellarena.faults import IntegrityError, SecurityError


def packed(path: Path, entries: dict[str, bytes], kind: int = stat.S_IFREG) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            entry = zipfile.ZipInfo("placeholder")
            entry.filename = name
            entry.external_attr = (kind | 0o644) << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return path


def everything_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def test_contents_arrive_whole(tmp_path: Path) -> None:
    archive = packed(tmp_path / "a.zip", {"in/a.txt": b"one", "in/deep/b.txt": b"two", "empty/": b""})
    folder = unpack(archive, tmp_path / "out/whole")
    assert (folder / "in/a.txt").read_bytes() == b"one"
    assert (folder / "in/deep/b.txt").read_bytes() == b"two"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["whole"]


def test_a_folder_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert unpack(tmp_path / "gone.zip", tmp_path / "out") == tmp_path / "out"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../evil.txt", "leads outside"),
        ("in/../../evil.txt", "leads outside"),
        ("/evil.txt", "absolute"),
        ("C:/evil.txt", "absolute"),
        ("c:evil.txt", "absolute"),
        ("..\\evil.txt", "no safe path"),
        ("\\\\server\\evil.txt", "no safe path"),
    ],
)
def test_names_that_escape_are_refused_before_anything_is_written(tmp_path: Path, name: str, reason: str) -> None:
    archive = packed(tmp_path / "a.zip", {"fine.txt": b"fine", name: b"evil"})
    with pytest.raises(SecurityError, match=reason):
        unpack(archive, tmp_path / "deep/out")
    assert everything_below(tmp_path) <= {"a.zip", "deep"}


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_are_refused(tmp_path: Path, kind: int) -> None:
    archive = packed(tmp_path / "a.zip", {"link": b"/etc/passwd"}, kind)
    with pytest.raises(SecurityError, match=r"'link' is a link, a pipe or a device"):
        unpack(archive, tmp_path / "out")
    assert everything_below(tmp_path) == {"a.zip"}


def test_two_entries_of_one_name_are_refused(tmp_path: Path) -> None:
    archive = packed(tmp_path / "a.zip", {"a.txt": b"1", "A.TXT": b"2"})
    with pytest.raises(SecurityError, match=r"two entries are called 'a.txt'"):
        unpack(archive, tmp_path / "out")


def test_an_entry_that_is_a_file_and_a_folder_is_refused(tmp_path: Path) -> None:
    archive = packed(tmp_path / "a.zip", {"a": b"1", "a/b": b"2"})
    with pytest.raises(SecurityError, match=r"a file and a folder"):
        unpack(archive, tmp_path / "out")
    assert everything_below(tmp_path) == {"a.zip"}


def test_more_bytes_than_allowed_are_refused(tmp_path: Path) -> None:
    archive = packed(tmp_path / "a.zip", {"a": bytes(2000)})
    with pytest.raises(SecurityError, match=r"declares 1 entries of 2,000 bytes"):
        unpack(archive, tmp_path / "out", max_bytes=1999)
    assert unpack(archive, tmp_path / "out", max_bytes=2000).is_dir()


def test_a_bomb_is_refused_by_its_ratio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = packed(tmp_path / "a.zip", {"a": bytes(10**6)})
    assert unpack(archive, tmp_path / "small").is_dir()
    monkeypatch.setattr(archives, "SMALL", 10**5)
    with pytest.raises(SecurityError, match=r"100 times its size"):
        unpack(archive, tmp_path / "out")


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"<html>404</html>")
    with pytest.raises(ValueError, match=r"a.zip: no intact zip archive"):
        unpack(tmp_path / "a.zip", tmp_path / "out")


def test_a_damaged_entry_leaves_nothing(tmp_path: Path) -> None:
    archive = packed(tmp_path / "a.zip", {"a": b"first", "b": bytes(range(256)) * 8})
    content = bytearray(archive.read_bytes())
    content[content.index(b"b", 40) + 6] ^= 0xFF
    archive.write_bytes(content)
    with pytest.raises(IntegrityError, match=r"entry 'b' is damaged"):
        unpack(archive, tmp_path / "out")
    assert everything_below(tmp_path) == {"a.zip"}


def test_an_encrypted_archive_is_refused(tmp_path: Path) -> None:
    archive = packed(tmp_path / "a.zip", {"a": b"x"})
    content = bytearray(archive.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(content)
    with pytest.raises(ValueError, match=r"encrypted"):
        unpack(archive, tmp_path / "out")


def test_a_full_disk_is_told_beforehand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = packed(tmp_path / "a.zip", {"a": bytes(2000)})
    usage = archives.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(archives.shutil, "disk_usage", lambda _: usage._replace(free=1999))
    with pytest.raises(ValueError, match=r"2,000 bytes are needed to unpack, 1,999 are free"):
        unpack(archive, tmp_path / "out")
