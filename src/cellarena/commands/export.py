"""Command export: a release for other programs."""

import importlib.util
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cellarena.files import write_bytes
from cellarena.registry.artifacts import artifact_at
from cellarena.registry.export.spec import FORMATS, Format
from cellarena.registry.fetching import fetch
from cellarena.registry.foreign.origin import git_user
from cellarena.registry.names import parse_reference
from cellarena.registry.outputs import outputs_at
from cellarena.registry.packages import NAME, read_package
from cellarena.registry.places import objects
from cellarena.registry.releases import refuse_withdrawn, resolve
from cellarena.releasing.releases import empty_folder, own_repository
from cellarena.shell.project import Project
from cellarena.shell.running import fresh_folder

if TYPE_CHECKING:
    from cellarena.registry.export.portable import Portable

_PATH = click.Path(path_type=Path)
# A zip's dates begin here; none is told, so that the same release gives the same bytes.
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
            with empty_folder() as folder:
                lines = chosen.export(found, folder)
                _write_archive(folder, output)
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
    from cellarena.registry.export.portable import Name, portable

    if package is not None:
        described = read_package(package)
        packed = datetime.fromtimestamp((package / NAME).stat().st_mtime, UTC).replace(microsecond=0)
        yield portable(package, described, Name(described.run, "", packed, authors or _git_user_name()))
        return
    repository = own_repository(project)
    found = resolve(repository, parse_reference(release or ""))
    refuse_withdrawn(repository, found)
    artifact = artifact_at(repository, found.commit, found.name)
    if artifact.type != "model":
        raise ValueError(f"{found} is a {artifact.type}; only models are exported")
    promised = [out for out in outputs_at(repository, found.commit) if out.path == artifact.path]
    if not promised:
        raise ValueError(f"{found}: its commit has no output {artifact.path}; see `cellarena verify`")
    with empty_folder() as scratch:
        folder = scratch / "package"
        fetch(repository, found.commit, promised[0], folder, objects(repository))
        called = Name(found.name, found.version, found.created, authors or _git_user_name())
        yield portable(folder, read_package(folder), called)


def _git_user_name() -> tuple[str, ...]:
    """Return git's user as the author.

    Raises:
        ValueError: if git knows none.
    """
    name = git_user().partition(" <")[0]
    if not name:
        raise ValueError("nobody is named as author: give --author NAME, or run `git config user.name NAME`")
    return (name,)


def _write_archive(folder: Path, path: Path) -> None:
    """Write the files of a folder as a zip archive whose bytes depend on them alone; it appears whole or not at all."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for file in sorted(folder.iterdir()):
            entry = zipfile.ZipInfo(file.name, _NO_DATE)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, file.read_bytes())
    write_bytes(content.getvalue(), path)
