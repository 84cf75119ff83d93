"""Whether a file of a clone still is what a stage made."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from cellarena.object_cache import cache_of, listed_files
from cellarena.registry.locked import LockedFile

State = Literal["unchanged", "changed", "missing", "not compared"]


@dataclass(frozen=True)
class Comparison:
    """A file or folder beside what dvc.lock promises of it.

    Attributes:
        path: relative to the repository's root.
        output: the output that it is or lies in.
        promised: its md5, that of the output where the list of a folder's files is not at hand; None if none is known.
        found: the md5 of the same thing now, None if it is not there.
        state: what follows.
    """

    path: str
    output: str
    promised: str | None
    found: str | None
    state: State


def not_compared(path: str, output: LockedFile) -> Comparison:
    """Return the comparison of a file of a repository of which no clone is at hand."""
    return Comparison(path, output.path, output.md5, None, "not compared")


def compare(root: Path, path: str, output: LockedFile) -> Comparison:
    """Return how a file or folder in a clone compares with an output that it is or lies in.

    Args:
        root: of the clone.
        path: relative to it.
        output: as dvc.lock records it.
    """
    inside = PurePosixPath(path).relative_to(output.path)
    listed = (listed_files(cache_of(root), output.md5 or "") if inside.parts else None) or {}
    promised = listed.get(inside.as_posix())
    # Without the list of files a file cannot be told from its folder: the folder answers for it.
    asked, md5 = (path, promised) if promised else (output.path, output.md5)
    there = (root / path).exists()
    found = _md5(root / asked) if there else None
    state: State = "missing" if not there else "unchanged" if found == md5 else "changed"
    if listed and not promised:
        state = "changed" if there else "missing"
    return Comparison(path, output.path, md5, found, state)


def _md5(path: Path) -> str:
    """Return the hash that DVC gives a file or folder."""
    from dvc_data.hashfile.build import build
    from dvc_data.hashfile.db import HashFileDB
    from dvc_objects.fs.local import LocalFileSystem
    from dvc_objects.fs.memory import MemoryFileSystem

    nowhere = HashFileDB(MemoryFileSystem(), "memory://")  # type: ignore[no-untyped-call]
    here = LocalFileSystem()  # type: ignore[no-untyped-call]
    return str(build(nowhere, str(path), here, "md5", dry_run=True)[2].hash_info.value)
