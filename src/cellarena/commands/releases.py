"""The command releases: what was released, where it stands, and how good it is."""

import json

import click

from cellarena.registry.releases.completeness import is_shallow, refuse_unknown_releases
from cellarena.registry.releases.names import artifact_name
from cellarena.registry.releases.releases import releases as all_releases
from cellarena.releasing.listing import entries_of, print_releases
from cellarena.releasing.workplace import own_repository
from cellarena.shell.project import Project


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print it for scripts.")
@click.pass_obj
def releases(project: Project, name: str | None, as_json: bool) -> None:
    """List all releases, or those of the artifact NAME, the newest of each first.

    F1 is that of the test images at its commit, so that releases with other data are not to be compared by it.
    On the remote means that each of its objects is there; `cellarena verify --remote` also reads them. Of one that was
    withdrawn the reason is printed below.
    """
    repository = own_repository(project)
    found = all_releases(repository)
    entries = entries_of(project, [known for known in found if name is None or known.name == artifact_name(name)])
    if as_json:
        click.echo(json.dumps(entries, indent=2, sort_keys=True))
    elif entries:
        print_releases(entries)
    if not entries or is_shallow(repository):
        refuse_unknown_releases(repository)
    if not entries:
        click.echo("Nothing was released yet; `cellarena release NAME` does it.", err=as_json)
