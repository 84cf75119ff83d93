"""A version of a model or data set, as a tag that GTO and DVC understand."""

from pathlib import Path

from cellarena.registry.fetching import fetch
from cellarena.registry.integrity.named_commits import NamedCommit
from cellarena.registry.packages.checkup import outputs_of
from cellarena.registry.packages.messages import release_message
from cellarena.registry.packages.package import Package, read_package, refuse_changed
from cellarena.registry.releases.completeness import fetch_releases
from cellarena.registry.releases.names import artifact_name
from cellarena.registry.releases.releases import Bump, next_version, register, versions_taken
from cellarena.registry.releases.tags import tag_name
from cellarena.registry.repository.outputs import Output, outputs_at
from cellarena.registry.repository.places import objects
from cellarena.registry.repository.repository import Repository
from cellarena.releasing.workplace import empty_folder, own_repository
from cellarena.shell.project import Project
from cellarena.status.altered import altered_results, refuse_altered
from cellarena.status.pipeline import read_pipeline
from cellarena.status.staleness import refuse_stale_at, refuse_stale_here

_DECLARED = ("dvc.yaml", "dvc.lock", "params.yaml", ".dvc/config")


def released(project: Project, name: str, bump: Bump) -> tuple[str, str, str]:
    """Release what the commit that is checked out holds of an artifact.

    Returns:
        The release, such as unet@v1.0.0; its tag; what it is in a line.

    Raises:
        ValueError: if something is not committed, stale, or released already.
        IntegrityError: if results in git are not what their stage made, or a file is not what was packed.
        PartialError: if what is released cannot be fetched.
    """
    name, layout, repository = artifact_name(name), project.layout, own_repository(project)
    commit = repository.commit("HEAD")
    _refuse_uncommitted(repository)
    kind, outputs = outputs_of(repository, commit, name)
    pipeline = read_pipeline(layout.root)
    refuse_altered(altered_results(repository, [NamedCommit("HEAD", commit)], pipeline.altered))
    refuse_stale_here(pipeline, [Path(output.path) for output in outputs])
    refuse_stale_at(repository, commit, outputs, objects(repository))
    package = _package(repository, commit, outputs) if kind == "model" else None
    fetch_releases(repository)
    version = next_version(versions_taken(repository, name), bump)
    reference = f"{name}@{version}"
    tag = tag_name(repository, reference)
    raw = layout.raw.relative_to(layout.root).as_posix()
    data = next((output.md5 for output in outputs_at(repository, commit) if output.path == raw), "")
    message = release_message(reference, outputs, data, package)
    register(repository, name, version, commit, message)
    return reference, tag, message.partition("\n")[0]


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
