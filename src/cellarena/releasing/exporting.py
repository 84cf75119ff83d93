"""A release, or a package that is none yet, for other programs."""

import importlib.util
import io
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cellarena.files import write_bytes
from cellarena.registry.export.spec import FORMATS, Format
from cellarena.registry.foreign.origin import git_user
from cellarena.registry.opening import fetched_package
from cellarena.registry.packages.package import NAME, read_package
from cellarena.registry.releases.names import parse_reference
from cellarena.registry.releases.releases import refuse_withdrawn, resolve
from cellarena.releasing.workplace import empty_folder, own_repository
from cellarena.shell.project import Project
from cellarena.shell.running import fresh_folder

if TYPE_CHECKING:
    from cellarena.registry.export.portable import Portable

# A zip's dates begin here; none is told, so that the same release gives the same bytes.
_NO_DATE = (1980, 1, 1, 0, 0, 0)


def exported(
    project: Project, release: str | None, package: Path | None, format_name: str, output: Path, authors: Sequence[str]
) -> list[str]:
    """Write the network of a release, or of a package, in a format and prove it; return what was found, a line each.

    Raises:
        ValueError: if it is not clear what is meant, something is there already, or a library is missing.
        IntegrityError: if what was written is not the same network.
    """
    chosen = FORMATS[format_name]
    _refuse(chosen, format_name, output, given=(release, package))
    with _portable(project, release, package, tuple(authors) or _git_user_name()) as found:
        if chosen.is_archive:
            with empty_folder() as folder:
                lines = chosen.export(found, folder)
                _write_archive(folder, output)
        else:
            with fresh_folder(output) as folder:
                lines = chosen.export(found, folder)
        return [*lines, f"{found.title} is in {output}"]


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
        yield portable(package, described, Name(described.run, "", packed, authors))
        return
    repository = own_repository(project)
    found = resolve(repository, parse_reference(release or ""))
    refuse_withdrawn(repository, found)
    with fetched_package(repository, found) as (folder, _):
        yield portable(folder, read_package(folder), Name(found.name, found.version, found.created, authors))


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
