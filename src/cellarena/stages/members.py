"""Stage members: which trained models each ensemble of the benchmark is made of.

Every ensemble's stage depends on it, so that a grid without some member ends in a line that says so, and not in DVC's
on a folder that is missing.
"""

import click

from cellarena.models.ensembles import ENSEMBLES
from cellarena.models.planning.plans import write_sorted_json
from cellarena.shell.project import Project


@click.command()
@click.pass_obj
def members(project: Project) -> None:
    """Check that the benchmark trains the members of its ensembles, and write which they are."""
    content = {name: ENSEMBLES[name].members for name in project.params.benchmark.ensembles}
    write_sorted_json(content, project.layout.members)
    for name, models in content.items():
        click.echo(f"{name}: {', '.join(models)}")
