"""The places where this project's objects are: DVC's cache and its remotes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click

from cellarena.registry.integrity.storage import Storage
from cellarena.registry.repository import Repository, open_repository
from cellarena.shell.dvc_project import dvc_project
from cellarena.shell.project import Project

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT = "the default one"
"""What --remote without a name asks for; no remote can be called so."""


class Storages(NamedTuple):
    """The repository of a project, its DVC project, the cache and the remote that was asked for."""

    repository: Repository
    dvc: Any
    cache: Storage
    remote: Storage | None

    @property
    def asked(self) -> list[Storage]:
        """The cache and, if there is one, the remote."""
        return [self.cache, *([self.remote] if self.remote else [])]


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
    repository = open_repository(str(project.layout.root), Path())
    with dvc_project(project.layout.root) as dvc:
        cache = Storage("the cache", dvc.cache.local)
        yield Storages(repository, dvc, cache, _remote(dvc, remote) if remote else None)


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
