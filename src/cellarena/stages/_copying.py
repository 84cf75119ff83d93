"""Objects copied between the cache and a remote, under a progress bar."""

from cellarena.faults import PartialError
from cellarena.registry.integrity.healing import Plan, heal
from cellarena.registry.integrity.survey import Survey
from cellarena.stages._damage import named
from cellarena.stages._shell import progress
from cellarena.stages._storages import Storages


def copied(todo: Plan, found: Survey, places: Storages) -> int:
    """Do what a plan says and return how many objects that were, which are all.

    Raises:
        PartialError: if one could not be copied.
    """
    assert places.remote
    n_planned = len(todo.repairs)
    done = list(progress(heal(todo, found, places.cache, places.remote), "Copying", n_planned))
    failed = [f"{finding.name} ({finding.why})" for finding in done if finding.state != "right"]
    if failed:
        raise PartialError(f"{n_planned - len(failed)} of {n_planned} objects copied, not {named(failed)}")
    return n_planned
