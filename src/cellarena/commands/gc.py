"""Command gc: objects that nothing names any more."""

import click

from cellarena.shell.project import Project
from cellarena.shell.running import progress
from cellarena.shell.storages import remote_option, storages
from cellarena.upkeep.clearing import unneeded


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
        storage, found = places.remote or places.cache, unneeded(project, places, min_age)
        for entry in found:
            click.echo(f"{entry.size:>12} {entry.name}")
        total = f"{len(found)} objects of {sum(entry.size for entry in found)} bytes in {storage.name}"
        for entry in progress(found, "Removing", len(found)) if is_applied else ():
            storage.remove(entry.name)
    click.echo(f"{total} {'removed' if is_applied else 'could be removed; --apply does so'}")
