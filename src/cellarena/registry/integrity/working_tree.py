"""What lies in the working tree, read like a commit: its dvc.lock and .dvc files may name what no commit does yet."""

import os
from dataclasses import dataclass
from pathlib import PurePosixPath

from cellarena.faults import SecurityError
from cellarena.registry.repository import Repository

COMMIT = "the working tree"
"""Stands where a commit's hash would."""


@dataclass(frozen=True)
class WorkingTree(Repository):
    """A repository whose only commit is what lies on the disk."""

    def read(self, commit: str, path: str) -> bytes | None:  # noqa: ARG002
        """Return a file's content, None if there is no such file."""
        file = self.folder / path
        return file.read_bytes() if file.is_file() else None

    def files(self, commit: str) -> list[str]:  # noqa: ARG002
        """Return the paths of all files that git tracks or would track."""
        listed = self.git("ls-files", "-z", "--cached", "--others", "--exclude-standard")
        return [os.fsdecode(name) for name in listed.split(b"\0") if name]

    def refuse_escape(self, commit: str, path: str) -> None:  # noqa: ARG002
        """Do nothing if a path lies inside the working tree; only its hash is of interest, nothing is written there.

        Raises:
            SecurityError: if it is absolute or leads up.
        """
        if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
            raise SecurityError(f"{self.address}: the path {path!r} leads out of the repository; it is not read")
