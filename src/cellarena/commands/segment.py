"""Command segment: label images of anybody's images by a released model."""

from pathlib import Path

import click

from cellarena.segmenting.found_images import find_images
from cellarena.segmenting.many_images import segment_all
from cellarena.segmenting.outcomes import refuse_failed, summary, write_tables
from cellarena.shell.project import Project


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--release", "reference", required=True, help="NAME#stage, NAME@v1.2.3, or NAME for the newest version.")
@click.option("--repo", default=".", show_default=True, help="A folder in a clone, or the address of a git repository.")
@click.option("-o", "--out", type=click.Path(file_okay=False, path_type=Path), help="Folder to write to [segmented].")
@click.option(
    "--channels", default="", help="Names or numbers (from 1) of the channels to use, as 4 or DAPI,GFP [as it learnt]."
)
@click.option("--overlay", "overlays", is_flag=True, help="Also draw the outlines into each image.")
@click.pass_obj
def segment(
    project: Project, paths: tuple[Path, ...], reference: str, repo: str, out: Path | None, channels: str,
    overlays: bool,
) -> None:  # fmt: skip
    """Segment images, or all images that lie in folders, by a released model.

    OUT gets NAME.tiff for each image, overlays/NAME.png with --overlay, objects.csv and images.csv. An image whose
    label image is there, of the same release and the same file, is not segmented again.
    """
    from cellarena.registry import open_release

    folder = out or project.layout.segmented
    images = find_images(paths, folder)
    model = open_release(reference, repo)
    chosen = [name.strip() for name in channels.split(",") if name.strip()]
    outcomes = segment_all(model, images, chosen, folder, overlays)
    write_tables(outcomes, folder)
    click.echo(summary(outcomes, folder))
    refuse_failed(outcomes, folder)
