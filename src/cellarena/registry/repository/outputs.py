"""What a commit promises to be in DVC's storage: the outputs of dvc.lock and .dvc files, by their hashes."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

from cellarena.registry.repository.dvc_files import (
    Entry,
    entries,
    ignore_files,
    is_dvc_file,
    own_files,
    pipeline_beside,
)
from cellarena.registry.repository.repository import Repository

_OBJECT = re.compile(r"[0-9a-f]{32}(\.dir)?")


@dataclass(frozen=True, order=True)
class Output:
    """A file or folder that DVC keeps.

    Attributes:
        path: relative to the project.
        md5: of a file's bytes; that of a folder ends in .dir and is of the list of its files.
        size: in bytes, of all files together.
        n_files: how many files a folder holds, 1 for a file.
        stage: that makes it, or the .dvc file that names it.
        is_cached: False if git holds it at that commit and DVC only knows its hash.
    """

    path: str
    md5: str
    size: int
    n_files: int
    stage: str
    is_cached: bool = True

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return self.md5.endswith(".dir")


@dataclass(frozen=True, order=True)
class LeftAlone:
    """Something that DVC tracks and of which it keeps no object under an md5: what, who names it, and why."""

    path: str
    stage: str
    why: str


def outputs_at(repository: Repository, commit: str) -> list[Output]:
    """Return all outputs that a commit's dvc.lock and .dvc files name, in any folder of the project, sorted by path.

    Those of other projects below are not among them, nor what has no md5: `left_alone_at` has that.

    Raises:
        ValueError: if one of these files cannot be read.
        SecurityError: if an output's path leads out of the project.
    """
    return [entry for entry in _at(repository, commit) if isinstance(entry, Output)]


def left_alone_at(repository: Repository, commit: str) -> list[LeftAlone]:
    """Return what a commit tracks without an object of an md5: imported without data, or versioned by a cloud."""
    return [entry for entry in _at(repository, commit) if isinstance(entry, LeftAlone)]


def outputs_below(outputs: list[Output], path: str) -> list[Output]:
    """Return the output with this path, or those that lie in this folder."""
    wanted = PurePosixPath(path)
    return [output for output in outputs if PurePosixPath(output.path).is_relative_to(wanted)]


def outputs_in(
    contents: Iterable[tuple[str, bytes]], pipelines: Mapping[str, bytes], tracked: Collection[str]
) -> list[Output | LeftAlone]:
    """Return what dvc.lock and .dvc files name.

    Args:
        contents: their paths, and what is in them.
        pipelines: the contents of the dvc.yaml files beside them.
        tracked: the paths of files that git holds, and of the folders above them.

    Raises:
        ValueError: if one of these files cannot be read.
    """
    return [
        _output(entry, tracked)
        for path, content in contents
        for entry in entries(path, content, pipelines.get(pipeline_beside(path), b""))
    ]


def with_folders(files: Collection[str]) -> set[str]:
    """Return the paths of files and of all folders that hold them."""
    folders = {path.rpartition("/")[0] for path in files}
    return {*files, *(str(above) for path in folders for above in (PurePosixPath(path), *PurePosixPath(path).parents))}


def own_contents(repository: Repository, commit: str, is_wanted: Callable[[str], bool]) -> dict[str, bytes]:
    """Return the contents of a commit's files that DVC would read and that are asked for, by their paths."""
    files = repository.files(commit)
    ignored = repository.contents(commit, ignore_files(files))
    return repository.contents(commit, own_files(files, is_wanted, ignored))


@lru_cache(maxsize=64)
def _at(repository: Repository, commit: str) -> list[Output | LeftAlone]:
    files, contents = repository.files(commit), own_contents(repository, commit, is_dvc_file)
    pipelines = repository.contents(commit, {pipeline_beside(name) for name in contents}.intersection(files))
    try:
        found = outputs_in(contents.items(), pipelines, with_folders(files))
    except ValueError as error:
        raise ValueError(f"{repository.address}: at {commit[:7]} {error}") from error
    for output in found:
        if isinstance(output, Output) or not (output.path.startswith("/") or ":" in output.path):
            repository.refuse_escape(commit, output.path)
    return sorted(found, key=lambda output: (output.path, output.stage))


def _output(entry: Entry, tracked: Collection[str]) -> Output | LeftAlone:
    out = entry.content
    if why := _why_left_alone(out):
        return LeftAlone(entry.path, entry.stage, why)
    if not _OBJECT.fullmatch(str(out["md5"])):
        raise ValueError(f"{entry.stage}: {entry.path} has {out['md5']!r} for a hash, which is no md5")
    size, n_files = _number(out.get("size", 0)), _number(out.get("nfiles", 1))
    # What a .dvc file names lies outside of git; of a stage's outputs dvc.lock does not tell which do.
    is_cached = bool(out.get("cache", True)) if entry.stage.endswith(".dvc") else entry.path not in tracked
    return Output(entry.path, str(out["md5"]), size, n_files, entry.stage, is_cached)


def _why_left_alone(out: Mapping[str, Any]) -> str:
    """Return why DVC has no object under an md5 of its own for an output, empty if it has one."""
    if {"cloud", "files", "version_id"} & out.keys():
        return "its storage keeps the versions"
    if out.get("md5") in (None, ""):
        return "it has no md5, its data was not fetched or lies elsewhere"
    if out.get("hash") != "md5" and isinstance(out["md5"], str):
        return "DVC 2 hashed it; `dvc cache migrate --dvc-files` brings it over"
    return ""


def _number(value: Any) -> int:
    return int(value) if re.fullmatch("[0-9]+", str(value)) else 0
