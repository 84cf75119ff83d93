"""Unpacking a zip archive that came from outside: every entry is judged before a byte is written."""

import re
import shutil
import stat
import tempfile
import unicodedata
import zipfile
import zlib
from pathlib import Path

from cellarena.faults import IntegrityError, SecurityError

MAX_BYTES = 64 * 2**30
MAX_ENTRIES = 1_000_000
MAX_RATIO = 100
SMALL = 64 * 2**20
_DRIVE = re.compile(r"^[A-Za-z]:")


def unpack(archive: Path, folder: Path, max_bytes: int = MAX_BYTES) -> Path:
    """Return a folder with the contents of a zip archive whose hash was checked; it appears whole or not at all.

    A folder that is there already was unpacked whole before and is left as it is.

    Raises:
        ValueError: if the file is no zip archive, is encrypted, or the disk is too full for it.
        SecurityError: if an entry is a link, a device or leads outside, if two entries share a name, or if the archive
            declares more bytes or entries than allowed or more than 100 times its own size.
        IntegrityError: if an entry is damaged.
    """
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = [entry for entry in opened.infolist() if not entry.is_dir()]
            _refuse_unsafe(opened.infolist(), archive, max_bytes)
            needed, free = sum(entry.file_size for entry in entries), shutil.disk_usage(folder.parent).free
            if needed > free:
                raise ValueError(
                    f"{folder.parent}: {needed:,} bytes are needed to unpack, {free:,} are free; make room"
                )
            _write(opened, entries, folder)
    except zipfile.BadZipFile as error:
        raise ValueError(f"{archive}: no intact zip archive ({error}); fetch it again") from error
    return folder


def _refuse_unsafe(entries: list[zipfile.ZipInfo], archive: Path, max_bytes: int) -> None:
    """Refuse an archive for what its table of contents declares."""
    for entry in entries:
        if fault := _fault(entry):
            raise SecurityError(f"{archive}: entry {entry.filename!r} {fault}; nothing was unpacked")
        if entry.flag_bits & 1:
            raise ValueError(f"{archive}: entry {entry.filename!r} is encrypted; unpack it by hand")
    names = [unicodedata.normalize("NFC", entry.filename).casefold() for entry in entries]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise SecurityError(f"{archive}: two entries are called {twice!r} when case is ignored; nothing was unpacked")
    total, packed = sum(entry.file_size for entry in entries), archive.stat().st_size
    if len(entries) > MAX_ENTRIES or total > max_bytes or (total > SMALL and total > MAX_RATIO * packed):
        raise SecurityError(
            f"{archive}: declares {len(entries):,} entries of {total:,} bytes in an archive of {packed:,}, more than "
            f"{MAX_ENTRIES:,} entries, {max_bytes:,} bytes or {MAX_RATIO} times its size; nothing was unpacked"
        )


def _fault(entry: zipfile.ZipInfo) -> str:
    """Return what is wrong with an entry's name or kind, or nothing."""
    name, kind = entry.orig_filename, stat.S_IFMT(entry.external_attr >> 16)
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        return "is a link, a pipe or a device"
    if not name or "\0" in name or "\\" in name:
        return "has a name that no safe path has"
    if name.startswith("/") or _DRIVE.match(name):
        return "has an absolute path"
    return "leads outside the archive" if ".." in name.split("/") else ""


def _write(opened: zipfile.ZipFile, entries: list[zipfile.ZipInfo], folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as temporary:
        whole = Path(temporary) / "whole"
        whole.mkdir()
        for entry in entries:
            target = whole / entry.filename
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                with opened.open(entry) as packed, target.open("xb") as file:
                    shutil.copyfileobj(packed, file)
            except (zipfile.BadZipFile, zlib.error, EOFError) as error:
                raise IntegrityError(f"{opened.filename}: entry {entry.filename!r} is damaged ({error})") from error
            except NotImplementedError as error:
                raise ValueError(f"{opened.filename}: {error}; unpack it by hand and use the source folder") from error
            except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
                raise SecurityError(f"{opened.filename}: entry {entry.filename!r} is a file and a folder") from error
        whole.rename(folder)
