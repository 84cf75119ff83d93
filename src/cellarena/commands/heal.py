"""Command heal: the cache repaired from a remote, and the remote from the cache."""

import click

from cellarena.registry.integrity.named_commits import promising_commits
from cellarena.shell.project import Project
from cellarena.shell.storages import DEFAULT, remote_option, storages
from cellarena.upkeep.mending import copied, planned, refuse_unhealed, repair_lines


@click.command()
@remote_option("The remote that repairs and is repaired; without it the default one.")
@click.option("--dry-run", is_flag=True, help="Say what would be done and do nothing.")
@click.pass_obj
def heal(project: Project, remote: str | None, dry_run: bool) -> None:
    """Repair what is missing or rotten in the cache from a remote, and the other way round.

    An object is taken only from a side whose bytes are right. Exit code 4 if neither has it right, 3 if a side could
    not be read.
    """
    with storages(project, remote or DEFAULT) as (repository, _, cache, other):
        assert other
        found, todo = planned(repository, promising_commits(repository), cache, other)
        for line in repair_lines(found, todo):
            click.echo(line)
        done = {} if dry_run else copied(todo, found, cache, other)
    n_planned, n_done = len(todo.repairs), sum(finding.state == "right" for finding in done.values())
    click.echo(f"{n_planned} to be repaired" if dry_run else f"{n_done} of {n_planned} repaired")
    refuse_unhealed(found, todo, done, other)
