"""The command release: a version of a model or data set, as a tag that GTO and DVC understand."""

from pathlib import Path
from typing import get_args

import click

from cellarena.registry.checkup import outputs_of
from cellarena.registry.completeness import fetch_releases
from cellarena.registry.fetching import fetch
from cellarena.registry.integrity.named_commits import NamedCommit
from cellarena.registry.messages import release_message
from cellarena.registry.names import artifact_name
from cellarena.registry.outputs import Output, outputs_at
from cellarena.registry.packages import Package, read_package, refuse_changed
from cellarena.registry.places import objects
from cellarena.registry.releases import Bump, next_version, register, versions_taken
from cellarena.registry.repository import Repository
from cellarena.registry.tags import version_tag
from cellarena.releasing.releases import empty_folder, own_repository
from cellarena.shell.project import Project
from cellarena.status.altered import altered_results, refuse_altered_results
from cellarena.status.pipeline import read_pipeline
from cellarena.status.staleness import refuse_stale_at, refuse_stale_here

_DECLARED = ("dvc.yaml", "dvc.lock", "params.yaml", ".dvc/config")


@click.command()
@click.argument("name")
@click.option(
    "--bump", type=click.Choice(get_args(Bump)), default="minor", show_default=True, help="Which number rises."
)
@click.pass_obj
def release(project: Project, name: str, bump: Bump) -> None:
    """Release what the commit that is checked out holds of the artifact NAME; its first version is v1.0.0.

    Artifacts are those of dvc.yaml, with hyphens where models have underscores: lstm_unet is released as lstm-unet.
    """
    name, repository = artifact_name(name), own_repository(project)
    commit = repository.commit("HEAD")
    _refuse_uncommitted(repository)
    kind, outputs = outputs_of(repository, commit, name)
    pipeline = read_pipeline(project.layout.root)
    refuse_altered_results(altered_results(repository, [NamedCommit("HEAD", commit)], pipeline))
    refuse_stale_here(pipeline, [Path(output.path) for output in outputs])
    refuse_stale_at(repository, commit, outputs, objects(repository))
    package = _package(repository, commit, outputs) if kind == "model" else None
    fetch_releases(repository)
    version = next_version(versions_taken(repository, name), bump)
    reference, tag = f"{name}@{version}", version_tag(repository, name, version)
    raw = project.layout.raw.relative_to(project.layout.root).as_posix()
    data = next((output.md5 for output in outputs_at(repository, commit) if output.path == raw), "")
    message = release_message(reference, outputs, data, package)
    register(repository, name, version, commit, message)
    click.echo(message.partition("\n")[0])
    share = f"`cellarena sync && git push origin {tag}`, then `cellarena promote {reference} STAGE`"
    click.echo(f"Share it: {share}", err=True)


def _refuse_uncommitted(repository: Repository) -> None:
    changed = repository.git("status", "--porcelain", "--", *map(repository.inside, _DECLARED)).decode().split("\n")
    if names := [line[3:] for line in changed if line]:
        raise ValueError(f"{', '.join(names)}: not committed, so that no commit says what is released; commit first")


def _package(repository: Repository, commit: str, outputs: list[Output]) -> Package:
    """Return the package as the commit promises it, not as it may lie in the working tree."""
    (output,) = outputs
    with empty_folder() as folder:
        fetch(repository, commit, output, folder / "package", objects(repository))
        package = read_package(folder / "package")
        refuse_changed(package, folder / "package")
    return package
