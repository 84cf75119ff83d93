"""The places where DVC keeps objects, the cache and remotes alike: an object is a file with its md5 for a name."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cellarena.faults import IntegrityError, PartialError

FOLDER = ".dir"
"""Ends the name of an object that lists the files of a folder."""


@dataclass(frozen=True)
class Storage:
    """One such place.

    What asks it raises FileNotFoundError if there is no such object, and PartialError if the place does not let it or
    does not answer.

    Attributes:
        name: as messages call it.
        odb: DVC's object database.
        root: the folder that must be there if anything can be asked for, None if there is none to look for.
    """

    name: str
    odb: Any
    root: str | None = None

    @property
    def is_local(self) -> bool:
        """Whether it is a folder of this machine."""
        return bool(self.odb.fs.protocol == "local")

    @property
    def n_jobs(self) -> int:
        """How many objects are read at once."""
        return min(4, os.cpu_count() or 1) if self.is_local else int(self.odb.fs.jobs)

    def path(self, name: str) -> str:
        """Return where an object lies or would lie."""
        return str(self.odb.oid_to_path(name))

    def digest(self, name: str) -> str:
        """Return the md5 of an object's bytes, all of which are read.

        Raises:
            IntegrityError: if what is there is no file.
        """
        from dvc_data.hashfile.hash import file_md5

        path = self.path(name)
        with self.reached():
            # A pipe would keep its reader waiting for ever.
            if self.is_local and os.path.lexists(path) and not Path(path).is_file():
                raise IntegrityError(f"{path}: is no file")
            return str(file_md5(path, self.odb.fs))

    def read(self, name: str) -> bytes:
        """Return an object's bytes."""
        with self.reached():
            return bytes(self.odb.fs.cat_file(self.path(name)))

    def names(self) -> set[str]:
        """Return the names of all objects, and of what interrupted copies left behind; none of a place not yet made."""
        try:
            with self.reached():
                return set(self.odb.all())
        except FileNotFoundError:
            return set()

    def create(self) -> None:
        """Make the folder that all objects lie in, if there is none."""
        with self.reached():
            if self.root and not self.odb.fs.exists(self.root):
                self.odb.fs.makedirs(self.root)

    def info(self, name: str) -> dict[str, Any]:
        """Return what the place tells of an object, its size among it."""
        with self.reached():
            return dict(self.odb.fs.info(self.path(name)))

    def remove(self, name: str) -> None:
        """Remove an object."""
        with self.reached():
            self.odb.fs.remove(self.path(name))

    @contextmanager
    def reached(self) -> Iterator[None]:
        """Turn what DVC's file systems raise, but a FileNotFoundError, into a PartialError of one line."""
        try:
            yield
        except (FileNotFoundError, IntegrityError, PartialError):
            raise
        except Exception as error:
            # Every kind of remote has errors of its own, with no common parent.
            said = " ".join(str(error).split()) or type(error).__name__
            raise PartialError(f"{self.name}: {said}") from error


def copy_to_cache(name: str, source: Storage, cache: Storage) -> None:
    """Write an object of a remote to the cache: under another name until its bytes are found right.

    Raises:
        IntegrityError: if what came is not what the name promises.
        OSError: if the cache cannot be written.
    """
    from dvc_data.hashfile.hash import file_md5

    path = Path(cache.path(name))
    cache.odb.makedirs(str(path.parent))
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    os.close(handle)
    try:
        with source.reached():
            source.odb.fs.get_file(source.path(name), partial)
        if not is_right(name, found := file_md5(partial)):
            raise IntegrityError(f"{source.name}: what came for {name} has md5 {found}")
        cache.odb.protect(partial)
        Path(partial).replace(path)
    finally:
        Path(partial).unlink(missing_ok=True)


def copy_to_remote(name: str, cache: Storage, target: Storage) -> None:
    """Write an object of the cache to a remote, where it appears whole or not at all.

    A folder, S3 and a WebDAV server that is fit for it do so by themselves; over SSH it is renamed when it is there.

    Raises:
        IntegrityError: if what the remote then has is not what the name promises.
    """
    path = target.path(name)
    with target.reached():
        target.odb.fs.makedirs(target.odb.fs.parent(path), exist_ok=True)
        if target.odb.fs.protocol == "ssh":
            with Path(cache.path(name)).open("rb") as file:
                target.odb.fs.put_file(file, path)
        else:
            target.odb.fs.put_file(cache.path(name), path)
    if not is_right(name, found := target.digest(name)):
        raise IntegrityError(f"{target.name}: what was written for {name} has md5 {found}")


def is_right(name: str, digest: str) -> bool:
    """Return whether bytes of this md5 are what an object's name promises."""
    return digest == name.removesuffix(FOLDER)
