"""The command add: a folder of annotated images becomes part of the project, for its other clones too."""

from pathlib import Path

import click

from cellarena.importing.images import taken_in
from cellarena.shell.project import Project


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--name", help="What it is called in inbox/ [the folder's own name].")
@click.option("--licence", help="Of the images, as in SPDX; what params.yaml says if it is left out.")
@click.pass_obj
def add(project: Project, folder: Path, name: str | None, licence: str | None) -> None:
    """Bring annotated images into the project, where queued experiments and other clones find them.

    FOLDER is checked as the stage acquire does, copied to inbox/NAME and tracked by DVC; params.yaml then names it as
    acquire.root. A folder that is in inbox/ already is tracked where it lies, and again when its content changed.
    """
    target, n_images = taken_in(project, folder, name, licence)
    click.echo(f"{n_images} images are in {target}, tracked by {target}.dvc; params.yaml names them")
    click.echo(f"Commit them: git add params.yaml {target}.dvc && git commit; then `dvc repro`, and `cellarena sync` "
               "for the other clones", err=True)  # fmt: skip
