"""One output of a commit, fetched through DVC into an empty folder.

DVC is shown a folder with nothing in it but the output's hash and the remotes of that commit. No other file of the
repository is checked out, so that none can lead what is written to another place.
"""

import logging
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from configobj import ConfigObj, ConfigObjError

from cellarena.faults import IntegrityError, PartialError, SecurityError
from cellarena.registry.integrity.promised_objects import parse_listing
from cellarena.registry.integrity.storage import Storage, is_right
from cellarena.registry.repository.outputs import Output
from cellarena.registry.repository.repository import Repository

_FETCHED = "fetched"
_ADVICE = "see `dvc remote list`, and run `cellarena sync` where it was made"


def fetch(repository: Repository, commit: str, output: Output, into: Path, cache: Path | None = None) -> None:
    """Write an output of a commit, whose remotes are asked, to a path at which nothing is yet.

    A cache, a folder of DVC objects, is asked first and keeps what is fetched; without one all comes from the remote.

    Raises:
        FileExistsError: if something is there.
        PartialError: if the remote lacks it or does not answer.
        IntegrityError: if what came is not what the hash promises.
        SecurityError: if a file of the folder would lie outside of it.
        ValueError: if the commit names no remote.
    """
    if into.exists():
        raise FileExistsError(f"{into}: is there already; name a folder that is not")
    into.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=into.parent, prefix=".fetching-") as scratch:
        with _project(repository, commit, output, Path(scratch), cache) as project:
            _pull(project, f"{repository.address}: {output.path} ({output.md5})")
        shutil.move(Path(scratch) / _FETCHED, into)


def members(repository: Repository, commit: str, folder: Output, cache: Path | None = None) -> dict[str, Output]:
    """Return the files of a folder that a commit promises, each as an output to fetch, by its path in the folder.

    Only the list of the files is fetched; their sizes are not in it, and are 0.

    Raises:
        PartialError: if neither the cache nor the remote has the list.
        SecurityError, ValueError: as `fetch`.
    """
    what = f"{repository.address}: {folder.path} ({folder.md5})"
    with (
        tempfile.TemporaryDirectory(prefix="cellarena-") as scratch,
        _project(repository, commit, folder, Path(scratch), cache) as project,
    ):
        (out,) = project.index.outs
        with _quiet():
            listed = out.get_dir_cache()
        if listed is None:
            raise PartialError(f"{what}: the list of its files could not be fetched; see `dvc remote list`")
        _refuse_leaving(project, what)
        found = {"/".join(key): info.value for key, _, info in out.get_obj()}
    return {
        name: Output(f"{folder.path}/{name}", md5, 0, 1, folder.stage, folder.is_cached)
        for name, md5 in sorted(found.items())
    }


def remotes_at(repository: Repository, commit: str) -> tuple[str, dict[str, dict[str, str]]]:
    """Return the name of the default remote of a commit, "" if there is none, and every remote's settings.

    Those of a clone on this machine include its .dvc/config.local, which git does not hold. Relative addresses are
    made absolute; every object that is read is verified.

    Raises:
        ValueError: if the configuration cannot be read.
    """
    try:
        config = ConfigObj((repository.read(commit, ".dvc/config") or b"").decode().splitlines())
        if repository.home:
            local = repository.home / ".dvc" / "config.local"
            config.merge(ConfigObj(local.read_text(encoding="utf-8").splitlines() if local.is_file() else []))
    except (ConfigObjError, UnicodeDecodeError) as error:
        raise ValueError(f"{repository.address}: .dvc/config at {commit[:7]} cannot be read ({error})") from error
    remotes = {
        key.removeprefix('remote "').removesuffix('"'): {**dict(section), "verify": "true"}
        for key, section in config.items()
        if key.startswith('remote "') and isinstance(section, dict)
    }
    for settings in remotes.values():
        settings["url"] = _absolute(settings.get("url", ""), repository)
    return str(config.get("core", {}).get("remote", "")), remotes


def _absolute(url: str, repository: Repository) -> str:
    if "://" in url or Path(url).is_absolute():
        return url
    if not repository.home:
        raise ValueError(
            f"{repository.address}: its remote is the folder {url}, relative to a clone; clone it beside that folder"
        )
    return str((repository.home / ".dvc" / url).resolve())


@contextmanager
def _project(repository: Repository, commit: str, output: Output, folder: Path, cache: Path | None) -> Iterator[Any]:
    """Yield a DVC project of one output in a folder of its own."""
    from dvc.repo import Repo

    default, remotes = remotes_at(repository, commit)
    if not remotes.get(default, {}).get("url"):
        raise ValueError(f"{repository.address}: .dvc/config at {commit[:7]} names no default remote; see `dvc remote`")
    config = ConfigObj(encoding="utf-8")
    config["core"] = {"no_scm": "true", "remote": default, "analytics": "false", "check_update": "false"}
    config["cache"] = {"dir": str((cache or folder / "objects").resolve()), "type": "reflink,copy"}
    config[f'remote "{default}"'] = remotes[default]
    (folder / ".dvc").mkdir()
    config.filename = str(folder / ".dvc" / "config")
    config.write()
    out = {"md5": output.md5, "hash": "md5", "path": _FETCHED}
    (folder / f"{_FETCHED}.dvc").write_text(f"outs:\n- {out}\n", encoding="utf-8")
    with Repo(str(folder)) as project:
        yield project


def _pull(project: Any, what: str) -> None:
    from dvc.exceptions import DvcException
    from dvc_objects.errors import ObjectFormatError

    try:
        with _quiet():
            project.fetch()
            _refuse_leaving(project, what)
            project.checkout()
    except (DvcException, ObjectFormatError, OSError) as error:
        with _quiet():
            why = _reason(project, what, error)
        raise why from error


def _reason(project: Any, what: str, error: Exception) -> Exception:
    """Return why it could not be fetched: DVC says how many files, not whether they are gone, rotten or out of reach.

    The objects are read from the remote once more, up to the first that is not right.
    """
    remote = Storage("the remote", project.cloud.get_remote_odb())
    try:
        for name in _objects(project, remote):
            if not is_right(name, remote.digest(name)):
                return IntegrityError(f"{what}: the remote holds other bytes for {name}; run `cellarena heal`")
    except FileNotFoundError:
        return PartialError(f"{what}: the remote lacks it, or a part of it; {_ADVICE}")
    except (PartialError, IntegrityError, SecurityError) as fault:
        return type(fault)(f"{what}: {fault}")
    except ValueError as fault:
        return IntegrityError(f"{what}: {fault}")
    said = " ".join(str(error).split()) or type(error).__name__
    return PartialError(f"{what}: could not be fetched ({said}); {_ADVICE}")


def _objects(project: Any, remote: Storage) -> Iterator[str]:
    """Yield the object of the output, then, if it is a folder, those of its files."""
    (out,) = project.index.outs
    top = out.hash_info.value
    yield top
    if out.hash_info.isdir:
        yield from sorted(set(parse_listing(remote.read(top), top).values()))


@contextmanager
def _quiet() -> Iterator[None]:
    """DVC logs what it also raises; who asked is told once."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def _refuse_leaving(project: Any, what: str) -> None:
    """The list of a folder's files comes from the remote, so that anything may stand in it."""
    (out,) = project.index.outs
    listed = out.get_obj() if out.hash_info.isdir else None
    for key, *_ in listed or ():
        if any(part in {"", ".", ".."} or "/" in part or "\\" in part for part in key):
            raise SecurityError(f"{what}: holds a file {'/'.join(key)!r} outside of its folder; it is not written")
