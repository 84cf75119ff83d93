"""The command withdraw: a release that must not be used any more, everywhere or in a stage."""

import click

from cellarena.releasing.withdrawing import taken_back
from cellarena.shell.project import Project


@click.command()
@click.argument("release")
@click.option("--why", required=True, help="The reason, which everybody is told who asks for it.")
@click.pass_obj
def withdraw(project: Project, release: str, why: str) -> None:
    """Withdraw RELEASE, such as unet@v1.2.0, or what a stage holds, such as unet#prod.

    A release that is withdrawn is not segmented with, promoted or rolled back to; a stage that held it is empty until
    `cellarena rollback` or `promote` fills it. Its tag and its files stay. The reason is in a tag, which is pushed to
    origin.
    """
    taken_back(project, release, why)
