"""Single files of commits, fetched when they are asked for; what cannot be had is noted, and the rest goes on."""

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from cellarena.faults import IntegrityError, PartialError
from cellarena.object_cache import stored_at
from cellarena.registry.fetching import fetch, members
from cellarena.registry.outputs import Output
from cellarena.registry.repository import Repository

T = TypeVar("T")


@dataclass(frozen=True)
class Unread:
    """A file that could not be read: its path, the commit that promises it, and why."""

    path: str
    commit: str
    reason: str


@dataclass
class Reader:
    """Reads files of a repository's commits from a cache or else the remote, by way of an empty folder."""

    repository: Repository
    cache: Path
    scratch: Path
    unread: list[Unread] = field(default_factory=list)
    _read: dict[str, Path] = field(default_factory=dict)
    _members: dict[str, dict[str, Output] | None] = field(default_factory=dict)

    def read(self, commit: str, output: Output | None, parse: Callable[[Path], T]) -> T | None:
        """Return what a function makes of an output's file, None for no output and for one that is noted as unread."""
        if output is None:
            return None
        try:
            return parse(self._file(commit, output))
        except (PartialError, IntegrityError, ValueError, OSError) as error:
            self._note(commit, output.path, str(error))
            return None

    def members(self, commit: str, folder: Output | None) -> dict[str, Output] | None:
        """Return the files of a folder by their paths in it, None for no folder and for one that is noted as unread."""
        if folder is None:
            return None
        if folder.md5 not in self._members:
            try:
                self._members[folder.md5] = members(self.repository, commit, folder, self.cache)
            except (PartialError, ValueError) as error:
                self._note(commit, folder.path, str(error))
                self._members[folder.md5] = None
        return self._members[folder.md5]

    def _note(self, commit: str, path: str, reason: str) -> None:
        found = Unread(path, commit, " ".join(reason.split()))
        if found not in self.unread:
            self.unread.append(found)

    def _file(self, commit: str, output: Output) -> Path:
        if output.md5 in self._read:
            return self._read[output.md5]
        path = self.scratch / f"{len(self._read)}{Path(output.path).suffix}"
        held = stored_at(self.cache, output.md5)
        if not output.is_cached:
            path.write_bytes(self.repository.read(commit, output.path) or b"")
        elif held.is_file():
            # DVC takes most of a second to say that an object is there.
            shutil.copyfile(held, path)
        else:
            fetch(self.repository, commit, output, path, self.cache)
        found = _md5(path)
        if found != output.md5:
            path.unlink()
            raise IntegrityError(f"its md5 is {found}, {output.md5} was promised; run `cellarena verify`")
        self._read[output.md5] = path
        return path


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
