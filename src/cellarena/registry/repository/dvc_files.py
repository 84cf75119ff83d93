"""The files in which DVC writes down what it keeps: dvc.lock beside each dvc.yaml, and .dvc files, in any folder."""

import posixpath
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import yaml

from cellarena.registry.repository.plain_yaml import read_yaml

_LOCK, _PIPELINE, _ENDING, _OWN, _IGNORED = "dvc.lock", "dvc.yaml", ".dvc", ".dvc", ".dvcignore"


@dataclass(frozen=True)
class Entry:
    """An output as such a file names it: its path, the stage or .dvc file that makes it, and what is said of it."""

    path: str
    stage: str
    content: Mapping[str, Any]


@dataclass(frozen=True)
class Locked:
    """A stage in a dvc.lock: what DVC calls it, the folder that its paths are relative to, and what is said of it."""

    address: str
    place: str
    content: Mapping[str, Any]


def is_pipeline(path: str) -> bool:
    """Return whether a file is a dvc.yaml."""
    return PurePosixPath(path).name == _PIPELINE


def is_lock(path: str) -> bool:
    """Return whether a file is a dvc.lock."""
    return PurePosixPath(path).name == _LOCK


def is_dvc_file(path: str) -> bool:
    """Return whether a file is a dvc.lock or a .dvc file."""
    pure = PurePosixPath(path)
    return (is_lock(path) or pure.name.endswith(_ENDING)) and _OWN not in pure.parts


def project_roots(files: Iterable[str]) -> set[str]:
    """Return the folders that are DVC projects, by the files that git tracks; that of the files itself is empty."""
    return {path[: -len("/.dvc/config")] for path in files if path.endswith("/.dvc/config")} | {""}


def project_of(path: str, roots: Collection[str]) -> str:
    """Return the folder of the project that a file belongs to: the nearest above it."""
    return max((root for root in roots if not root or path.startswith(f"{root}/")), key=len)


def own_files(files: Collection[str], is_wanted: Callable[[str], bool], ignored: Mapping[str, bytes]) -> list[str]:
    """Return the files that DVC itself would read: neither those of projects below, nor what .dvcignore leaves out.

    Of all files of a project these are asked for that are wanted; `ignored` are the contents of its .dvcignore files.
    """
    from pathspec import GitIgnoreSpec

    roots = project_roots(files)
    specs = [
        (path[: -len(_IGNORED)], GitIgnoreSpec.from_lines(content.decode(errors="replace").splitlines()))
        for path, content in ignored.items()
    ]
    return [
        path
        for path in files
        if is_wanted(path)
        and not project_of(path, roots)
        and not any(path.startswith(folder) and spec.match_file(path[len(folder) :]) for folder, spec in specs)
    ]


def ignore_files(files: Iterable[str]) -> list[str]:
    """Return the .dvcignore files among these."""
    return [path for path in files if PurePosixPath(path).name == _IGNORED]


def pipeline_beside(path: str) -> str:
    """Return the path of the dvc.yaml that a dvc.lock belongs to."""
    return posixpath.join(posixpath.dirname(path), _PIPELINE)


def entries(path: str, content: bytes, pipeline: bytes = b"") -> Iterator[Entry]:
    """Yield the outputs that a dvc.lock or .dvc file names; the arguments and errors are as of `locked`."""
    if is_lock(path):
        for stage in locked(path, content, pipeline):
            yield from _outputs(path, stage.place, stage.address, stage.content.get("outs"))
        return
    found = read_mapping(path, content)
    place = posixpath.join(posixpath.dirname(path), str(found.get("wdir") or ""))
    yield from _outputs(path, place, path, found.get("outs"))


def locked(path: str, content: bytes, pipeline: bytes) -> Iterator[Locked]:
    """Yield the stages of a dvc.lock.

    Args:
        path: of the file.
        content: of the file.
        pipeline: the content of the dvc.yaml beside it, which says what the paths of a stage are relative to.

    Raises:
        ValueError: if one of the two cannot be read.
    """
    stages, folder = read_mapping(path, content).get("stages") or {}, posixpath.dirname(path)
    declared = read_mapping(pipeline_beside(path), pipeline).get("stages") if b"wdir" in pipeline else None
    if not isinstance(stages, dict) or not all(isinstance(entry, dict) for entry in stages.values()):
        raise ValueError(f"{path} cannot be read (it holds no stages)")
    for name, entry in stages.items():
        address = f"{pipeline_beside(path)}:{name}" if folder else str(name)
        yield Locked(address, posixpath.join(folder, _working_folder(declared, str(name))), entry)


def read_mapping(path: str, content: bytes) -> dict[str, Any]:
    """Return the content of a YAML file, {} if nothing is in it; a ValueError if it cannot be read or is no mapping."""
    try:
        found = read_yaml(content)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} cannot be read ({' '.join(str(error).split())})") from error
    if not isinstance(found or {}, dict):
        raise ValueError(f"{path} holds no mapping")
    return found or {}


def _outputs(file: str, folder: str, stage: str, outs: Any) -> Iterator[Entry]:
    if not isinstance(outs or [], list):
        raise ValueError(f"{file} holds outputs that cannot be read ({outs!r})")
    for out in outs or ():
        if not isinstance(out, dict) or not isinstance(out.get("path"), str):
            raise ValueError(f"{file} holds an output that cannot be read ({out!r})")
        yield Entry(posixpath.normpath(posixpath.join(folder, out["path"])), stage, out)


def _working_folder(declared: Any, name: str) -> str:
    """Return the folder in which a stage runs, from that of its dvc.yaml; "" where that varies with a parameter."""
    stage = declared.get(name.partition("@")[0]) if isinstance(declared, dict) else None
    folder = str((stage.get("do") or stage).get("wdir") or "") if isinstance(stage, dict) else ""
    return "" if "${" in folder else folder
