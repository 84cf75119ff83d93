"""The places where this project's objects are: DVC's cache and its remotes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from cellarena.registry.integrity.storage import Storage
from cellarena.registry.repository.repository import Repository, open_repository
from cellarena.shell.project import Project

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT = "the default one"
"""What --remote without a name asks for; no remote can be called so."""


@dataclass(frozen=True)
class Storages:
    """The repository of a project, its DVC project, the cache and the remote that was asked for."""

    repository: Repository
    dvc: Any
    cache: Storage
    remote: Storage | None


def remote_option(help_text: str) -> Callable[[F], F]:
    """Return the decorator of a command with the option --remote [NAME]."""
    return click.option("--remote", is_flag=False, flag_value=DEFAULT, metavar="[NAME]", help=help_text)


@contextmanager
def storages(project: Project, remote: str | None) -> Iterator[Storages]:
    """Yield the places of the project in the current folder.

    Args:
        project: whose root is a clone.
        remote: the name of a remote, DEFAULT, or None for none.

    Raises:
        ValueError: if this is no clone of a project, or there is no such remote.
    """
    from dvc.config import ConfigError
    from dvc.exceptions import DvcException, NotDvcRepoError
    from dvc.repo import Repo
    from dvc.scm import SCMError
    from dvc_objects.fs.errors import RemoteMissingDepsError

    repository = open_repository(str(project.layout.root), Path())
    try:
        with Repo(str(project.layout.root)) as dvc:
            cache = Storage("the cache", dvc.cache.local)
            yield Storages(repository, dvc, cache, _remote(dvc, remote) if remote else None)
    except RemoteMissingDepsError as error:
        raise ValueError(f"{_line(error)}; install cellarena[remotes]") from error
    except (NotDvcRepoError, SCMError) as error:
        raise ValueError(f"{_line(error)}; ask in a clone of the project") from error
    except (ConfigError, DvcException) as error:
        raise ValueError(_line(error)) from error


def _remote(dvc: Any, name: str) -> Storage:
    asked = None if name == DEFAULT else name
    remote = dvc.cloud.get_remote(asked)
    if remote.worktree or remote.fs.version_aware:
        raise ValueError(
            f"remote {remote.name}: its storage keeps the versions, so that it has no objects to read; only `dvc push` "
            "and `dvc pull` know it, name another remote"
        )
    odb = dvc.cloud.get_remote_odb(asked)
    # A bucket is there or not; what looks like a folder in it is there only while it holds something.
    root = remote.path.split("/")[0] if odb.fs.protocol == "s3" else remote.path
    return Storage(f"remote {remote.name}", odb, root)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
