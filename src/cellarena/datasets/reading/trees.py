"""Listing a tree of files that somebody else filled: nothing outside it is reached, nothing in it is opened."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from cellarena.faults import SecurityError
from cellarena.object_cache import cache_of, is_object, project_around


def list_tree(root: Path) -> list[str]:
    """Return the relative POSIX paths of all regular files below a folder, sorted; hidden ones are left out.

    A link to a file inside the tree counts as a file, and so does one that DVC made to an object of its cache; `root`
    may itself be reached through a link. A folder in which nothing lies is listed with "/" at its end.

    Raises:
        FileNotFoundError: if `root` is no folder.
        ValueError: if a link points at nothing, a folder cannot be listed, a name is not UTF-8 or holds a backslash.
        SecurityError: if the tree holds a link that leaves it or leads to a folder, a pipe, a socket or a device.
    """
    if not root.is_dir():
        raise FileNotFoundError(
            f"{root}: no such folder; set acquire.root to the folder that holds the images, or, where "
            "they are, run `cellarena add FOLDER`, which brings them to every clone"
        )
    real = root.resolve()
    return sorted(_files(real, real))


def _files(folder: Path, root: Path) -> Iterator[str]:
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except PermissionError as error:
        raise ValueError(f"{folder}: cannot be listed ({error.strerror}); make it readable") from error
    for entry in entries:
        _refuse_name(entry.name, folder)
    entries = [entry for entry in entries if not entry.name.startswith(".")]
    if not entries and folder != root:
        yield f"{folder.relative_to(root).as_posix()}/"
    for entry in entries:
        path = Path(entry.path)
        if entry.is_symlink():
            _refuse_link(path, root)
            yield path.relative_to(root).as_posix()
        elif entry.is_dir():
            yield from _files(path, root)
        elif entry.is_file():
            yield path.relative_to(root).as_posix()
        else:
            kind = stat.filemode(path.lstat().st_mode)
            raise SecurityError(f"{path!s}: a pipe, socket or device ({kind}), not a file; remove it from the tree")


def _refuse_name(name: str, folder: Path) -> None:
    """Refuse a name that DVC cannot track, and one that was a path where it was packed."""
    try:
        name.encode()
    except UnicodeEncodeError as error:
        shown = os.fsencode(folder / name).decode("utf-8", "backslashreplace")
        raise ValueError(
            f"{shown}: the name is not UTF-8; rename it (convmv changes the names of whole trees)"
        ) from error
    if "\\" in name:
        raise ValueError(
            f"{folder / name}: a name with a backslash, as from a zip file of Windows; unpack that with `unzip`, "
            "which makes folders of such names, or rename the files"
        )


def _refuse_link(path: Path, root: Path) -> None:
    """Refuse any link but one to a regular file inside the tree, or in the cache of the DVC project around it.

    DVC, told to link instead of to copy, puts such a link into the tree: it is the file then.
    """
    try:
        target = path.resolve(strict=False)
    except (RuntimeError, OSError) as error:
        raise SecurityError(f"{path}: a link that runs in a circle; remove it from the tree") from error
    is_inside = target.is_relative_to(root)
    if not is_inside and not ((project := project_around(root)) and is_object(target, cache_of(project))):
        if target.exists():
            raise SecurityError(f"{path}: a link that leaves the tree; copy the file that it points at into its place")
        raise SecurityError(
            f"{path}: a link that leaves the tree and points at nothing ({target}); copy the file into its place, "
            "or remove the link"
        )
    if not target.exists():
        raise ValueError(f"{path}: a link that points at nothing; restore the file or remove the link")
    if not target.is_file():
        raise SecurityError(f"{path}: a link to something other than a file; copy what it points at into its place")
