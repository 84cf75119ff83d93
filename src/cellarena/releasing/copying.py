"""Objects copied between the cache and a remote, under a progress bar."""

from cellarena.registry.integrity.checking import Finding
from cellarena.registry.integrity.healing import Plan, heal
from cellarena.registry.integrity.survey import Survey
from cellarena.releasing.storages import Storages
from cellarena.shell.running import progress


def copied(todo: Plan, found: Survey, places: Storages) -> dict[str, Finding]:
    """Do what a plan says and return what became of each object, by its name."""
    assert places.remote
    copies = heal(todo, found, places.cache, places.remote)
    return {finding.name: finding for finding in progress(copies, "Copying", len(todo.repairs))}
