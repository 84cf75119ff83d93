"""Command export: a release for other programs."""

from pathlib import Path

import click

from cellarena.releasing.exporting import exported
from cellarena.shell.project import Project

_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("release", required=False, metavar="[NAME@VERSION|NAME#STAGE]")
@click.option("--package", type=_PATH, help="A folder such as data/packages/unet, in the place of a release.")
@click.option("--format", "format_name", required=True, help="bioimageio, onnx, torch-export or torchscript.")
@click.option("-o", "--output", type=_PATH, required=True, help="The folder, or for bioimageio the .zip, to be made.")
@click.option("--author", "authors", multiple=True, help="Of the model; may be repeated. Default: git's user.name.")
@click.pass_obj
def export(
    project: Project, release: str | None, package: Path | None, format_name: str, output: Path,
    authors: tuple[str, ...],
) -> None:  # fmt: skip
    """Write a release's network for other programs, and prove that it is the same network there.

    The exported network takes normalised tiles and puts out probabilities; a README beside it says how to normalise,
    tile and decode.
    """
    click.echo("\n".join(exported(project, release, package, format_name, output, authors)))
