"""Objects that nothing names any more."""

from pathlib import Path

from cellarena.faults import IntegrityError
from cellarena.object_cache import cache_of
from cellarena.registry.integrity.garbage import Garbage, garbage
from cellarena.registry.integrity.named import running_experiments
from cellarena.registry.integrity.named_commits import commits_elsewhere
from cellarena.registry.integrity.needed import needed, objects_needed
from cellarena.registry.integrity.states import other_projects, states
from cellarena.shell.project import Project
from cellarena.shell.running import progress
from cellarena.shell.storages import Storages

_AN_HOUR = 1 / 24
"""In days."""


def unneeded(project: Project, places: Storages, min_age: float) -> list[Garbage]:
    """Return the objects of the remote, or of the cache where no remote was asked for, that nothing names.

    Args:
        project: whose branches, tags, experiments, working tree and reports name objects.
        places: of the objects.
        min_age: in days, of objects of a remote.

    Raises:
        ValueError: if other projects may use the cache too.
        IntegrityError: if all objects would go, or nobody can tell which are needed.
    """
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
    return garbage(storage, there - kept, min_age if places.remote else _AN_HOUR * is_busy)


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
    repository = places.repository
    elsewhere = commits_elsewhere(repository) if places.remote else []
    everything = states(repository, project.layout.report.parent.name, elsewhere)
    found = needed(everything, other_projects(repository))
    if not found.names:
        raise IntegrityError(
            f"{repository.home}: no dvc.lock and no .dvc file of any commit or working tree names an object, so that "
            "all would go; nothing was removed"
        )
    return objects_needed(found, places.asked, progress)
