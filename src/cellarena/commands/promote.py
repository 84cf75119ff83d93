"""The command promote: a release is proved, judged, and put into a stage."""

import click

from cellarena.releasing.moving import put_forward
from cellarena.shell.project import Project


@click.command()
@click.argument("release")
@click.argument("stage")
@click.pass_obj
def promote(project: Project, release: str, stage: str) -> None:
    """Put RELEASE, such as unet@v1.2.0, into STAGE, if it is proved and the stage's gate in params.yaml lets it pass.

    It is fetched from the remote into an empty folder; its bytes, its loading and the objects that it finds are
    checked; then coverage, licence, and that it is not worse than what the stage holds. What was found is committed,
    and pushed to origin together with the tag.
    """
    put_forward(project, release, stage)
