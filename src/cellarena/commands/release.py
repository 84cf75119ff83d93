"""The command release: a version of a model or data set, as a tag that GTO and DVC understand."""

from typing import get_args

import click

from cellarena.registry.releases.releases import Bump
from cellarena.releasing.making import released
from cellarena.shell.project import Project

_BUMP = click.Choice(get_args(Bump))


@click.command()
@click.argument("name")
@click.option("--bump", type=_BUMP, default="minor", show_default=True, help="Which number rises.")
@click.pass_obj
def release(project: Project, name: str, bump: Bump) -> None:
    """Release what the commit that is checked out holds of the artifact NAME; its first version is v1.0.0.

    Artifacts are those of dvc.yaml, with hyphens where models have underscores: lstm_unet is released as lstm-unet.
    """
    reference, tag, words = released(project, name, bump)
    click.echo(words)
    share = f"`cellarena sync && git push origin {tag}`, then `cellarena promote {reference} STAGE`"
    click.echo(f"Share it: {share}", err=True)
