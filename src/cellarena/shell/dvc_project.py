"""The project as DVC sees it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def dvc_project(root: Path) -> Iterator[Any]:
    """Yield the `dvc.repo.Repo` of the project in a folder.

    Raises:
        ValueError: in one line, if the folder is no clone of a project, or DVC cannot do what is asked of it.
    """
    from dvc.config import ConfigError
    from dvc.exceptions import DvcException, NotDvcRepoError
    from dvc.repo import Repo
    from dvc.scm import SCMError
    from dvc_objects.fs.errors import RemoteMissingDepsError

    try:
        with Repo(str(root)) as repo:
            yield repo
    except (ConfigError, DvcException, SCMError, RemoteMissingDepsError) as error:
        ways = {
            RemoteMissingDepsError: "; install cellarena[remotes]",
            NotDvcRepoError: "; ask in a clone of the project",
            SCMError: "; ask in a clone of the project",
        }
        way = next((words for kind, words in ways.items() if isinstance(error, kind)), "")
        raise ValueError(" ".join(str(error).split()) + way) from error
