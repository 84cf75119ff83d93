"""Command heal: the cache repaired from a remote, and the remote from the cache."""

import click

from cellarena.faults import IntegrityError, PartialError
from cellarena.registry.integrity.checking import Finding
from cellarena.registry.integrity.healing import Plan, plan
from cellarena.registry.integrity.named_commits import promising_commits
from cellarena.registry.integrity.survey import Survey, survey
from cellarena.releasing.copying import copied
from cellarena.releasing.damage import named
from cellarena.releasing.promised import promised
from cellarena.releasing.storages import DEFAULT, remote_option, storages
from cellarena.reporting.tables import plain
from cellarena.shell.project import Project
from cellarena.shell.running import progress


@click.command()
@remote_option("The remote that repairs and is repaired; without it the default one.")
@click.option("--dry-run", is_flag=True, help="Say what would be done and do nothing.")
@click.pass_obj
def heal(project: Project, remote: str | None, dry_run: bool) -> None:
    """Repair what is missing or rotten in the cache from a remote, and the other way round.

    An object is taken only from a side whose bytes are right. Exit code 4 if neither has it right, 3 if a side could
    not be read.
    """
    with storages(project, remote or DEFAULT) as places:
        assert places.remote
        outputs = promised(places.repository, promising_commits(places.repository))
        found, done = survey(outputs, [places.cache, places.remote], progress), dict[str, Finding]()
        todo = plan(found, places.cache, places.remote)
        uses = found.uses([repair.name for repair in todo.repairs])
        for repair in todo.repairs:
            click.echo(f"{repair.state} in {repair.into}: {plain(uses[repair.name][0].path)} ({repair.name})")
        if not dry_run:
            done = copied(todo, found, places)
    failed = [f"{plain(uses[n][0].path)} ({plain(f.why)})" for n, f in done.items() if f.state != "right"]
    n_planned = len(todo.repairs)
    click.echo(f"{n_planned} to be repaired" if dry_run else f"{n_planned - len(failed)} of {n_planned} repaired")
    if failed:
        raise PartialError(f"not repaired: {named(failed)}; run it again")
    _refuse_rest(found, todo, places.remote.name)


def _refuse_rest(found: Survey, todo: Plan, remote: str) -> None:
    if todo.lost or found.unlisted:
        paths = [use.path for uses in found.uses(todo.lost).values() for use in uses[:1]]
        lost = named(paths or [output.path for output in found.unlisted])
        raise IntegrityError(
            f"neither the cache nor {remote} has these right: {lost}; `cellarena verify --remote` says what depends on "
            "them, another remote or `dvc repro` may bring them back"
        )
    if todo.unknown:
        why = next(finding.why for _, finding in found.faults() if finding.state == "unread")
        raise PartialError(f"{len(todo.unknown)} objects could not be read everywhere ({plain(why)}); run it again")
