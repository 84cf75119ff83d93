"""The command release: a version of a model or data set, as a tag that GTO and DVC understand."""

from pathlib import Path
from typing import get_args

import click

from cellarena.registry.checkup import outputs_of
from cellarena.registry.fetching import fetch
from cellarena.registry.messages import release_message
from cellarena.registry.names import checked_name
from cellarena.registry.outputs import Output, outputs_at
from cellarena.registry.packages import Package, read_package, refuse_changed
from cellarena.registry.releases import Bump, next_version, register, versions_taken
from cellarena.registry.repository import Repository
from cellarena.stages._pipeline import read_pipeline
from cellarena.stages._project import Project
from cellarena.stages._releases import empty_folder, own_cache, own_repository

_DECLARED = ("dvc.yaml", "dvc.lock", "params.yaml", ".dvc/config")


@click.command()
@click.argument("name")
@click.option(
    "--bump", type=click.Choice(get_args(Bump)), default="minor", show_default=True, help="Which number rises."
)
@click.pass_obj
def release(project: Project, name: str, bump: Bump) -> None:
    """Release what the commit that is checked out holds of the artifact NAME; its first version is v1.0.0."""
    repository = own_repository(project)
    commit = repository.commit("HEAD")
    _refuse_uncommitted(repository)
    kind, outputs = outputs_of(repository, commit, checked_name(name))
    _refuse_stale(project, outputs)
    package = _package(project, repository, commit, outputs) if kind == "model" else None
    version = next_version(versions_taken(repository, name), bump)
    tag = f"{name}@{version}"
    data = next((output.md5 for output in outputs_at(repository, commit) if output.path == "data/raw"), "")
    message = release_message(tag, outputs, data, package)
    register(repository, name, version, commit, message)
    click.echo(message.partition("\n")[0])
    click.echo(f"Share it: `cellarena sync && git push origin {tag}`, then `cellarena promote {tag} STAGE`", err=True)


def _refuse_uncommitted(repository: Repository) -> None:
    changed = repository.git("status", "--porcelain", "--", *_DECLARED).decode().split("\n")
    if names := [line[3:] for line in changed if line]:
        raise ValueError(f"{', '.join(names)}: not committed, so that no commit says what is released; commit first")


def _refuse_stale(project: Project, outputs: list[Output]) -> None:
    """What its stage would make otherwise today is not what the commit's code and parameters describe."""
    pipeline = read_pipeline(project.layout.root)
    for output in outputs:
        maker = pipeline.makers.get(Path(output.path))
        if maker and (changed := pipeline.facts[maker].changed):
            raise ValueError(f"{output.path}: stale, {', '.join(changed)}; run `dvc repro {maker}` and commit dvc.lock")


def _package(project: Project, repository: Repository, commit: str, outputs: list[Output]) -> Package:
    """Return the package as the commit promises it, not as it may lie in the working tree."""
    (output,) = outputs
    with empty_folder() as folder:
        fetch(repository, commit, output, folder / "package", own_cache(project))
        package = read_package(folder / "package")
        refuse_changed(package, folder / "package")
    return package
