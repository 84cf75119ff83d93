"""Where releases are worked on: the project's repository, and folders that vanish afterwards."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cellarena.registry.repository import Repository, open_repository
from cellarena.shell.project import Project


def own_repository(project: Project) -> Repository:
    """Return the repository of the project in the current folder.

    Raises:
        ValueError: if that is not the root of a clone, or of a DVC project in one.
    """
    root = project.layout.root.resolve()
    repository = open_repository(str(root), root)
    if repository.home != root:
        raise ValueError(f"{root}: the root of the project is {repository.home}; run the command there")
    return repository


@contextmanager
def empty_folder() -> Iterator[Path]:
    """Yield a folder with nothing in it, which vanishes afterwards."""
    with tempfile.TemporaryDirectory(prefix="cellarena-") as folder:
        yield Path(folder)
