"""The command rollback: a stage gets back the release that it held before, which is proved first."""

import click

from cellarena.releasing.moving import put_back
from cellarena.shell.project import Project


@click.command()
@click.argument("name")
@click.argument("stage")
@click.pass_obj
def rollback(project: Project, name: str, stage: str) -> None:
    """Put the release of NAME that was in STAGE before back into it.

    It is fetched from the remote and proved as for a promotion; that it may be worse is no reason to refuse it. One
    that was withdrawn is passed over. The history keeps both.
    """
    put_back(project, name, stage)
