"""Command gc: objects that nothing names any more."""

from itertools import chain

import click

from cellarena.faults import IntegrityError
from cellarena.registry.integrity.garbage import garbage, hashes_in, texts_below
from cellarena.registry.integrity.points import Point, all_points, points_elsewhere
from cellarena.registry.integrity.promises import objects_of, promised_outputs
from cellarena.registry.integrity.storage import FOLDER, Storage
from cellarena.registry.integrity.survey import folder_listings
from cellarena.registry.integrity.working_tree import COMMIT, WorkingTree
from cellarena.stages._damage import named
from cellarena.stages._project import Project
from cellarena.stages._shell import progress
from cellarena.stages._storages import Storages, remote_option, storages


@click.command()
@remote_option("Clean a remote instead of the cache, the default one if none is named.")
@click.option("--apply", "is_applied", is_flag=True, help="Remove what is listed; without it nothing is.")
@click.option(
    "--min-age", type=click.FloatRange(min=0), default=1.0, show_default=True, help="In days, of objects of a remote."
)
@click.pass_obj
def gc(project: Project, remote: str | None, is_applied: bool, min_age: float) -> None:
    """List the objects that no branch, tag, release, experiment, working tree or report names, with their bytes.

    With --apply they are removed from the cache, or from the remote that --remote names.
    """
    with storages(project, remote) as places, places.dvc.lock:
        _refuse_shared(places)
        storage = places.remote or places.cache
        found = garbage(storage, _kept(project, places), min_age if places.remote else 0.0)
        for entry in found:
            click.echo(f"{entry.size:>12} {entry.name}")
        total = f"{len(found)} objects of {sum(entry.size for entry in found)} bytes in {storage.name}"
        if is_applied:
            for entry in progress(found, "Removing", len(found)):
                storage.remove(entry.name)
        click.echo(f"{total} {'removed' if is_applied else 'could be removed; --apply does so'}")


def _refuse_shared(places: Storages) -> None:
    shared = places.dvc.config["cache"].get("dir")
    if shared and not places.remote:
        raise ValueError(
            f"the cache is {shared}, which other projects may use too; nobody here can tell what they need"
        )


def _kept(project: Project, places: Storages) -> set[str]:
    """Return the names of all objects that are still needed.

    Raises:
        IntegrityError: if a needed folder's files are not known, so that anything may be one of them.
    """
    repository, asked = places.repository, [places.cache, *([places.remote] if places.remote else [])]
    points = all_points(repository)
    if places.remote:
        points += points_elsewhere(repository, points)
    tree = WorkingTree(repository.folder, repository.address, repository.home)
    outputs = promised_outputs(repository, points) | promised_outputs(tree, [Point(COMMIT, COMMIT)])
    folders = {output.md5 for output in outputs if output.is_folder}
    listings, _ = folder_listings(folders, asked, progress)
    unlisted = [
        f"{output.path} of {by[0].name}" for output, by in outputs.items() if output.md5 in folders - {*listings}
    ]
    if unlisted:
        raise IntegrityError(f"nobody can tell which files belong to {named(unlisted)}; run `cellarena heal` first")
    return objects_of(outputs, listings) | _reported(project, points, places, asked)


def _reported(project: Project, points: list[Point], places: Storages, asked: list[Storage]) -> set[str]:
    """Return the objects that reports name, with the files of those that are folders."""
    reports = project.layout.report.parent
    written = (path.read_bytes() for path in sorted(reports.rglob("*")) if path.is_file())
    committed = texts_below(places.repository, (point.commit for point in points), reports.as_posix())
    found = hashes_in(chain(written, committed))
    folders = {name for name in found & asked[-1].names() if name.endswith(FOLDER)}
    listings, _ = folder_listings(folders, asked, progress)
    return found.union(*(listing.values() for listing in listings.values()))
