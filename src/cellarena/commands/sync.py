"""Command sync: what HEAD and the releases promise, on the remote and right."""

import click

from cellarena.registry.integrity.named_commits import published_commits
from cellarena.shell.project import Project
from cellarena.shell.storages import DEFAULT, remote_option, storages
from cellarena.upkeep.mending import absence_lines, copied, only_pushes, planned, refuse_absent


@click.command()
@remote_option("The remote; without it the default one.")
@click.pass_obj
def sync(project: Project, remote: str | None) -> None:
    """Push what a remote lacks of HEAD and the releases, and read all of it there.

    Only bytes that are right are pushed, and nothing that is there is replaced. Exit code 0 only if every promised
    object is on the remote and right, else 3 with the names of those that are not.
    """
    with storages(project, remote or DEFAULT) as (repository, _, cache, other):
        assert other
        other.create()
        found, todo = planned(repository, published_commits(repository), cache, other)
        pushed = copied(only_pushes(todo, other), found, cache, other)
    there = {**found.found[other.name], **pushed}
    n_pushed = sum(finding.state == "right" for finding in pushed.values())
    click.echo(f"{n_pushed} of {len(there)} promised objects pushed to {other.name}")
    for line in absence_lines(found, there, cache, other):
        click.echo(line)
    refuse_absent(found, there, other)
