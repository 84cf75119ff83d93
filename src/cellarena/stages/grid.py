"""Stage grid: every parameter is checked, and which runs there are is written down."""

import click
import yaml

from cellarena.files import write_bytes
from cellarena.params.mirror import load_params
from cellarena.shell.project import Project


@click.command()
@click.pass_obj
def grid(project: Project) -> None:
    """Check params.yaml as a whole; say which rows, studies and generators take part, and what is left out and why."""
    params = load_params(project.layout.params)
    left_out = dict(params.left_out)
    if params.champion_left_out:
        left_out[f"champion {params.registry.champion}"] = params.champion_left_out
    content = {
        "checked": True,
        "rows": [str(run) for run in params.rows],
        "study": {name: name in params.studied for name in params.study.models},
        "generators": {name: name in params.asked_generators for name in params.synthesize.generators},
        "left_out": left_out,
    }
    write_bytes(yaml.safe_dump(content, sort_keys=False).encode(), project.layout.grid)
    click.echo(f"{len(params.rows)} rows, {len(params.study_runs)} runs of the study")
    for what, why in left_out.items():
        click.echo(f"left out: {what}: {why}")
