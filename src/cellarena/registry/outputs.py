"""What a commit promises to be in DVC's storage: the outputs of dvc.lock and of .dvc files, by their hashes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from cellarena.registry.repository import Repository


@dataclass(frozen=True, order=True)
class Output:
    """A file or folder that DVC keeps.

    Attributes:
        path: relative to the repository's root.
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


def outputs_at(repository: Repository, commit: str) -> list[Output]:
    """Return all outputs that a commit's dvc.lock and .dvc files at the root or below name, sorted by path.

    Those of other projects below the root are not among them: only the dvc.lock at the root is read.

    Raises:
        ValueError: if one of these files cannot be read.
        SecurityError: if an output's path leads out of the repository.
    """
    found = [*_locked(repository, commit), *_added(repository, commit)]
    for output in found:
        repository.refuse_escape(commit, output.path)
    return sorted(found)


def outputs_below(outputs: list[Output], path: str) -> list[Output]:
    """Return the output with this path, or those that lie in this folder."""
    wanted = PurePosixPath(path)
    return [output for output in outputs if PurePosixPath(output.path).is_relative_to(wanted)]


def _locked(repository: Repository, commit: str) -> Iterator[Output]:
    tracked = _with_folders(repository.files(commit))
    for stage, entry in (repository.mapping(commit, "dvc.lock").get("stages") or {}).items():
        for out in entry.get("outs") or ():
            found = _output(repository, out, "dvc.lock", "", stage)
            yield replace(found, is_cached=found.path not in tracked)


def _added(repository: Repository, commit: str) -> Iterator[Output]:
    for name in repository.files(commit):
        if name.endswith(".dvc") and not name.startswith(".dvc/"):
            folder = str(PurePosixPath(name).parent)
            for out in repository.mapping(commit, name).get("outs") or ():
                yield _output(repository, out, name, folder, name)


def _with_folders(files: Iterable[str]) -> set[str]:
    """Return the paths of files and of all folders that hold them."""
    return {str(path) for name in files for path in (PurePosixPath(name), *PurePosixPath(name).parents)}


def _output(repository: Repository, out: Any, file: str, folder: str, stage: str) -> Output:
    try:
        path = str(PurePosixPath(folder) / out["path"])
        return Output(path, out["md5"], int(out.get("size", 0)), int(out.get("nfiles", 1)), stage)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{repository.address}: {file} holds an output that cannot be read ({out!r})") from error
