"""Command sync: what HEAD and the releases promise, on the remote and right."""

from dataclasses import replace

import click

from cellarena.faults import PartialError
from cellarena.registry.integrity.healing import Plan, plan
from cellarena.registry.integrity.points import published_points
from cellarena.registry.integrity.promises import promised_outputs
from cellarena.registry.integrity.survey import Survey, survey
from cellarena.reporting.tables import plain
from cellarena.stages._copying import copied
from cellarena.stages._damage import named
from cellarena.stages._project import Project
from cellarena.stages._shell import progress
from cellarena.stages._storages import DEFAULT, remote_option, storages


@click.command()
@remote_option("The remote; without it the default one.")
@click.pass_obj
def sync(project: Project, remote: str | None) -> None:
    """Push what a remote lacks of HEAD and the releases, and read all of it there.

    Only bytes that are right are pushed, and nothing that is there is replaced. Exit code 0 only if every promised
    object is on the remote and right, else 3 with the names of those that are not.
    """
    with storages(project, remote or DEFAULT) as places:
        assert places.remote
        outputs = promised_outputs(places.repository, published_points(places.repository))
        places.remote.create()
        found = survey(outputs, [places.cache, places.remote], progress)
        todo = _pushes(plan(found, places.cache, places.remote), places.remote.name)
        n_copied = copied(todo, found, places)
        n_promised = len(found.found[places.remote.name])
        click.echo(f"{n_copied} of {n_promised} objects pushed to {places.remote.name}")
        _refuse_rest(found, places.remote.name, {repair.name for repair in todo.repairs})


def _pushes(todo: Plan, remote: str) -> Plan:
    """Return the part of a plan that writes to the remote what it lacks."""
    return replace(todo, repairs=[r for r in todo.repairs if r.into == remote and r.state == "missing"])


def _refuse_rest(found: Survey, remote: str, pushed: set[str]) -> None:
    """Do nothing if all objects are on the remote and right.

    Raises:
        PartialError: if one is not, or a folder's files are not known.
    """
    wrong = {n: f for n, f in found.found[remote].items() if f.state != "right" and n not in pushed}
    uses = found.uses(wrong)
    for name, finding in wrong.items():
        why = f": {plain(finding.why)}" if finding.why else ""
        click.echo(f"{finding.state} in {remote}: {plain(uses[name][0].path)} ({name}){why}")
    if wrong or found.unlisted:
        n = len(found.found[remote])
        names = named([uses[name][0].path for name in wrong] or [output.path for output in found.unlisted])
        raise PartialError(
            f"{remote}: {n - len(wrong)} of {n} objects are there and right, not {names}; run `cellarena heal`"
        )
