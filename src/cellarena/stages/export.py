"""Command export: a release for other programs."""

import importlib.util
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cellarena.registry.artifacts import artifact_at
from cellarena.registry.export.spec import FORMATS, Format
from cellarena.registry.fetching import fetch
from cellarena.registry.names import parse_reference
from cellarena.registry.outputs import outputs_at
from cellarena.registry.packages import NAME
from cellarena.registry.releases import resolve
from cellarena.registry.repository import open_repository
from cellarena.stages._project import Project
from cellarena.stages._shell import fresh_folder

if TYPE_CHECKING:
    from cellarena.registry.export.portable import Portable

_PATH = click.Path(path_type=Path)
# A zip's dates begin here; none is kept, so that the same release gives the same bytes.
_NO_DATE = (1980, 1, 1, 0, 0, 0)


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
    chosen = FORMATS[format_name]
    _refuse(chosen, format_name, output, given=(release, package))
    with _portable(project, release, package, authors) as found:
        if chosen.is_archive:
            with tempfile.TemporaryDirectory(prefix="cellarena-") as folder:
                lines = chosen.export(found, Path(folder))
                _write_archive(Path(folder), output)
        else:
            with fresh_folder(output) as folder:
                lines = chosen.export(found, folder)
        click.echo("\n".join([*lines, f"{found.title} is in {output}"]))


def _refuse(chosen: Format, name: str, output: Path, given: tuple[object, object]) -> None:
    if (given[0] is None) == (given[1] is None):
        raise ValueError("name either a release, such as unet@v1.0.0, or a folder with --package")
    if output.exists():
        raise ValueError(f"{output}: is there already; name what is not")
    if chosen.is_archive and output.suffix != ".zip":
        raise ValueError(f"{output}: the format {name} is one file; let its name end in .zip")
    missing = [library for library in chosen.libraries if not _is_installed(library)]
    if missing:
        raise ValueError(f"the format {name} needs {', '.join(missing)}: run `pip install 'cellarena[export]'`")


def _is_installed(library: str) -> bool:
    try:
        return importlib.util.find_spec(library) is not None
    except ModuleNotFoundError:
        return False


@contextmanager
def _portable(
    project: Project, release: str | None, package: Path | None, authors: tuple[str, ...]
) -> "Iterator[Portable]":
    """Yield what is exported; a release is fetched into a folder that is gone afterwards."""
    from cellarena.registry.export.portable import portable

    named = authors or _git_user_name()
    if package is not None:
        packed = datetime.fromtimestamp((package / NAME).stat().st_mtime, UTC) if (package / NAME).is_file() else _NOW
        yield portable(package, "", "", packed, named)
        return
    repository = open_repository(str(project.layout.root), project.layout.root / ".resume")
    found = resolve(repository, parse_reference(release or ""))
    artifact = artifact_at(repository, found.commit, found.name)
    if artifact.type != "model":
        raise ValueError(f"{found} is a {artifact.type}; models are exported")
    (output,) = [out for out in outputs_at(repository, found.commit) if out.path == artifact.path]
    with tempfile.TemporaryDirectory(prefix="cellarena-") as scratch:
        folder = Path(scratch) / "package"
        fetch(repository, found.commit, output, folder)
        yield portable(folder, found.name, found.version, found.created, named)
