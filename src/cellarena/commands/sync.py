"""Command sync: what HEAD and the releases promise, on the remote and right."""

from collections.abc import Mapping
from dataclasses import replace

import click

from cellarena.faults import PartialError
from cellarena.registry.integrity.checking import Finding
from cellarena.registry.integrity.healing import Plan, plan
from cellarena.registry.integrity.named_commits import published_commits
from cellarena.registry.integrity.survey import Survey, survey
from cellarena.releasing.copying import copied
from cellarena.releasing.damage import named
from cellarena.releasing.promised import promised
from cellarena.releasing.storages import DEFAULT, remote_option, storages
from cellarena.reporting.tables import plain
from cellarena.shell.project import Project
from cellarena.shell.running import progress


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
        outputs = promised(places.repository, published_commits(places.repository))
        places.remote.create()
        found = survey(outputs, [places.cache, places.remote], progress)
        todo = _pushes(plan(found, places.cache, places.remote), places.remote.name)
        pushed = copied(todo, found, places)
        there = {**found.found[places.remote.name], **pushed}
        n_pushed = sum(finding.state == "right" for finding in pushed.values())
        click.echo(f"{n_pushed} of {len(there)} promised objects pushed to {places.remote.name}")
        _refuse_rest(found, there, places.remote.name)


def _pushes(todo: Plan, remote: str) -> Plan:
    """Return the part of a plan that writes to the remote what it lacks."""
    return replace(todo, repairs=[r for r in todo.repairs if r.into == remote and r.state == "missing"])


def _refuse_rest(found: Survey, there: Mapping[str, Finding], remote: str) -> None:
    """Do nothing if all objects are on the remote and right.

    Raises:
        PartialError: if one is not, or a folder's files are not known.
    """
    wrong = {name: finding for name, finding in there.items() if finding.state != "right"}
    unread = [finding for finding in wrong.values() if finding.state == "unread"]
    paths = {name: plain(uses[0].path) for name, uses in found.uses(wrong).items()}
    for name, finding in wrong.items():
        here = next(findings[name].state for place, findings in found.found.items() if place != remote)
        click.echo(f"{finding.state} in {remote}, {here} in the cache: {paths[name]} ({name})")
    if wrong or found.unlisted:
        right = f"{len(there) - len(wrong)} of {len(there)} objects are there and right"
        names = named([*paths.values()] or [f"the files of {output.path}" for output in found.unlisted])
        advice = f"{plain(unread[0].why)}; run it again" if unread else "run `cellarena heal`"
        raise PartialError(f"{remote}: {right}, not {names}; {advice}")
