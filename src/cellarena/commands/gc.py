"""Command gc: objects that nothing names any more."""

from pathlib import Path

import click

from cellarena.faults import IntegrityError
from cellarena.object_cache import cache_of
from cellarena.registry.integrity.garbage import garbage
from cellarena.registry.integrity.named import running_experiments
from cellarena.registry.integrity.named_commits import commits_elsewhere
from cellarena.registry.integrity.needed import needed, objects_needed
from cellarena.registry.integrity.states import other_projects, states
from cellarena.releasing.storages import Storages, remote_option, storages
from cellarena.shell.project import Project
from cellarena.shell.running import progress

_AN_HOUR = 1 / 24
"""In days."""


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
        kept, there = _kept(project, places), storage.names()
        if there and not there & kept:
            raise IntegrityError(
                f"none of the {len(there)} objects in {storage.name} is named by anything here, so that all would go: "
                "is this the project that made them? Nothing was removed"
            )
        # What an experiment has put into the cache a moment ago is not yet in its dvc.lock; it has a lock of its own.
        is_busy = running_experiments(Path(places.dvc.root_dir)) != []
        found = garbage(storage, there - kept, min_age if places.remote else _AN_HOUR * is_busy)
        for entry in found:
            click.echo(f"{entry.size:>12} {entry.name}")
        total = f"{len(found)} objects of {sum(entry.size for entry in found)} bytes in {storage.name}"
        if is_applied:
            for entry in progress(found, "Removing", len(found)):
                storage.remove(entry.name)
        click.echo(f"{total} {'removed' if is_applied else 'could be removed; --apply does so'}")


def _refuse_shared(places: Storages) -> None:
    """Do nothing if a remote is cleaned, or a cache in the project's own .dvc, whatever link or setting leads there."""
    root = Path(places.dvc.root_dir)
    cache = cache_of(root).resolve()
    if not places.remote and not cache.is_relative_to(root.resolve() / ".dvc"):
        raise ValueError(f"the cache is {cache}, which other projects may use too; nobody here can tell what they need")


def _kept(project: Project, places: Storages) -> set[str]:
    """Return the names of all objects that are still needed.

    Raises:
        IntegrityError: if that is none, or nobody can tell.
    """
    repository, asked = places.repository, [places.cache, *([places.remote] if places.remote else [])]
    elsewhere = commits_elsewhere(repository) if places.remote else []
    everything = states(repository, project.layout.report.parent.name, elsewhere)
    found = needed(everything, other_projects(repository))
    if not found.names:
        raise IntegrityError(
            f"{repository.home}: no dvc.lock and no .dvc file of any commit or working tree names an object, so that "
            "all would go; nothing was removed"
        )
    return objects_needed(found, asked, progress)
