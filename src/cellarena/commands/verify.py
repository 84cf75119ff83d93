"""Command verify: are the bytes that commits promise still there and still right."""

import json
from dataclasses import asdict

import click

from cellarena.registry.integrity.damage import as_json, damages
from cellarena.registry.integrity.dependents import flows_of
from cellarena.registry.integrity.named_commits import promising_commits
from cellarena.registry.integrity.survey import survey
from cellarena.shell.project import Project
from cellarena.shell.running import progress
from cellarena.shell.storages import remote_option, storages
from cellarena.status.altered import refuse_altered, results_in_git
from cellarena.upkeep.accounts import lines_of, refuse_faults
from cellarena.upkeep.promised import left_alone, promised


@click.command()
@remote_option("Read a remote too, the default one if none is named.")
@click.option("--json", "for_machines", is_flag=True, help="Print JSON for machines.")
@click.pass_obj
def verify(project: Project, remote: str | None, for_machines: bool) -> None:
    """Read all that HEAD, the branches and the releases promise, and compare the bytes with their hashes.

    Lists what is missing or rotten, and which outputs, releases, numbers and figures depend on it; and the results in
    git that are not what their stage made, there or in the working tree. Exit code 4 if something is, 3 if a remote
    or the working tree could not be read to the end. Nothing is changed.
    """
    with storages(project, remote) as places:
        named_commits = promising_commits(places.repository)
        found = survey(promised(places.repository, named_commits), places.asked, progress)
        damaged = damages(found, flows_of(places.repository, named_commits if any(found.faults()) else []))
        results = results_in_git(project.layout.root, places.repository, named_commits)
    if for_machines:
        told = as_json(named_commits, found, damaged, left_alone(places.repository, named_commits)) | asdict(results)
        click.echo(json.dumps(told, indent=2))
    else:
        click.echo("\n".join([*lines_of(found, damaged), *results.lines()]))
    refuse_faults(found)
    refuse_altered(results)
