"""Listing a tree of files that somebody else filled: nothing outside it is reached, nothing in it is opened."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from cellarena.faults import SecurityError


def list_tree(root: Path) -> list[str]:
    """Return the relative POSIX paths of all regular files below a folder, sorted; hidden ones are left out.

    A link to a file inside the tree counts as a file.

    Args:
        root: the folder; it may itself be reached through a link.

    Raises:
        FileNotFoundError: if `root` is no folder.
        ValueError: if a link points at nothing, or a folder cannot be listed.
        SecurityError: if the tree holds a link that leaves it or leads to a folder, a pipe, a socket or a device.
    """
    if not root.is_dir():
        raise FileNotFoundError(
            f"{root}: no such folder; set acquire.root to the folder that holds the images, or, where "
            "they are, run `cellarena add FOLDER`, which brings them to every clone"
        )
    real = root.resolve()
    return sorted(path.relative_to(real).as_posix() for path in _files(real, real))


def _files(folder: Path, root: Path) -> Iterator[Path]:
    try:
        with os.scandir(folder) as listing:
            entries = sorted((entry for entry in listing if not entry.name.startswith(".")), key=lambda e: e.name)
    except PermissionError as error:
        raise ValueError(f"{folder}: cannot be listed ({error.strerror}); make it readable") from error
    for entry in entries:
        path = Path(entry.path)
        if entry.is_symlink():
            _refuse_link(path, root)
            yield path
        elif entry.is_dir():
            yield from _files(path, root)
        elif entry.is_file():
            yield path
        else:
            kind = stat.filemode(path.lstat().st_mode)
            raise SecurityError(f"{path!s}: a pipe, socket or device ({kind}), not a file; remove it from the tree")


def _refuse_link(path: Path, root: Path) -> None:
    """Refuse any link but one to a regular file inside the tree."""
    try:
        target = path.resolve(strict=False)
    except (RuntimeError, OSError) as error:
        raise SecurityError(f"{path}: a link that runs in a circle; remove it from the tree") from error
    if not target.is_relative_to(root):
        raise SecurityError(f"{path}: a link that leaves the tree; copy the file that it points at into its place")
    if not target.exists():
        raise ValueError(f"{path}: a link that points at nothing; restore the file or remove the link")
    if not target.is_file():
        raise SecurityError(f"{path}: a link to something other than a file; copy what it points at into its place")
