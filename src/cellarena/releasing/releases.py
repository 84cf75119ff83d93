"""What the commands of the registry share."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from cellarena.registry.packages.gates import Check
from cellarena.registry.releases.completeness import has_origin
from cellarena.registry.releases.names import Reference, parse_reference
from cellarena.registry.releases.pointers import move
from cellarena.registry.releases.releases import Released
from cellarena.registry.repository.repository import Repository, open_repository
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


def model_reference(text: str) -> Reference:
    """Return a reference that names a version.

    Raises:
        ValueError: if it does not.
    """
    reference = parse_reference(text)
    if not reference.version:
        raise ValueError(f"{text!r} names no version; write NAME@v1.2.3, as `cellarena releases` lists them")
    return reference


@contextmanager
def empty_folder() -> Iterator[Path]:
    """Yield a folder with nothing in it, which vanishes afterwards."""
    with tempfile.TemporaryDirectory(prefix="cellarena-") as folder:
        yield Path(folder)


def show_checks(checks: list[Check]) -> None:
    """Print what was looked at, and what was found."""
    console = Console()
    for check in checks:
        mark = "[green]passed[/green]" if check.passed else "[red]failed[/red]"
        console.print(f"{mark} [bold]{check.name}[/bold] ", end="")
        console.print(check.words, markup=False, highlight=False)


def put_into_stage(
    project: Project, repository: Repository, released: Released, stage: str, evidence: dict[str, Any]
) -> None:
    """Move a stage's pointer and say where that is written down."""
    path = _unused_evidence(project, repository, released, stage)
    tag = move(repository, released, stage, evidence, path)
    click.echo(f"{released} is in {stage}: tag {tag}, evidence {path}")
    if not has_origin(repository):
        push = f"git push REMOTE HEAD '{released.tag}' '{tag}'"
        click.echo(f"There is no remote `origin`; others see it after `{push}`", err=True)


def _unused_evidence(project: Project, repository: Repository, released: Released, stage: str) -> Path:
    """Return the path of new evidence: what is there stays, even if the tag that it belongs to was removed."""
    numbered = (project.layout.evidence(str(released), stage, n) for n in count(1))
    return next(path for path in numbered if not (repository.folder / repository.inside(path)).exists())
