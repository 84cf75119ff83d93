"""What differs between two commits: outputs and their bytes, parameters, and the files that git itself holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from cellarena.object_cache import listed_files, stored_at
from cellarena.registry.locked import LockedStage
from cellarena.registry.outputs import Output
from cellarena.registry.parameters import flat
from cellarena.registry.repository import Repository

ABSENT = ""
"""Stands for the value of a parameter that a commit does not have."""


@dataclass(frozen=True)
class OutputChange:
    """An output whose content differs; None where a commit does not promise it."""

    path: str
    before: Output | None
    after: Output | None


@dataclass(frozen=True)
class ParameterChange:
    """A parameter whose value differs: its dotted name, and its values as JSON, ABSENT where there is none."""

    name: str
    before: str
    after: str


def changed_outputs(before: Sequence[Output], after: Sequence[Output]) -> list[OutputChange]:
    """Return the outputs whose hashes differ and those that only one commit promises, sorted by path."""
    old, new = ({output.path: output for output in some} for some in (before, after))
    paths = sorted(path for path in old.keys() | new.keys() if not _same(old.get(path), new.get(path)))
    return [OutputChange(path, old.get(path), new.get(path)) for path in paths]


def changed_parameters(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[ParameterChange]:
    """Return what differs between two params.yaml or parts of them, sorted by name; a list is one value."""
    old, new = flat(before), flat(after)
    names = sorted(name for name in old.keys() | new.keys() if old.get(name, ABSENT) != new.get(name, ABSENT))
    return [ParameterChange(name, old.get(name, ABSENT), new.get(name, ABSENT)) for name in names]


def changed_files(repository: Repository, before: str, after: str) -> pd.DataFrame:
    """Return the files in git that differ, sorted by path; one that was moved is removed and added.

    Returns:
        Columns path, n_added and n_removed: lines, None for a file that is no text.
    """
    only = [f"--relative={repository.within}/"] if repository.within else []
    options = ("--numstat", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", *only)
    told = repository.git("diff", *options, before, after).decode(errors="surrogateescape").split("\0")
    rows = []
    for added, removed, path in (line.split("\t", 2) for line in told if line):
        rows.append((path, int(added), int(removed)) if added != "-" else (path, None, None))
    return pd.DataFrame(sorted(rows), columns=["path", "n_added", "n_removed"])


def causes(before: LockedStage, after: LockedStage) -> list[str]:
    """Return what a stage was given that differs: parameters by dotted name, dependencies by path, else its command."""
    old, new = ({dep.path: dep.md5 for dep in stage.deps} for stage in (before, after))
    paths = sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path))
    names = [change.name for change in changed_parameters(before.settings, after.settings)]
    return [*names, *paths] or (["cmd"] if before.cmd != after.cmd else [])


def _same(before: Output | None, after: Output | None) -> bool:
    return before is not None and after is not None and before.md5 == after.md5


@dataclass(frozen=True)
class Growth:
    """Bytes that are new to the storage; not `is_exact` where a folder's list of files is not at hand: at most."""

    n_bytes: int
    is_exact: bool


def growth(before: Sequence[Output], after: Sequence[Output], cache: Path) -> Growth:
    """Return how many bytes outputs of a commit add to all that another one promises.

    Files that are the same in both, under whatever name, are stored once. Where the cache lacks the list of a folder
    or one of its files, all of that folder counts.
    """
    known = {output.md5 for output in before if output.is_cached}
    lists = [listed_files(cache, output.md5) for output in before if output.is_cached and output.is_folder]
    known |= {md5 for files in lists if files for md5 in files.values()}
    is_exact = all(files is not None for files in lists)
    total = 0
    for output in after:
        if output.is_cached and output.md5 not in known:
            added = _added(output, known, cache)
            is_exact &= added is not None
            total += output.size if added is None else added
            known.add(output.md5)
    return Growth(total, is_exact)


def _added(output: Output, known: set[str], cache: Path) -> int | None:
    """Return the bytes of a new output's new files, which are known from now on; None if one is not at hand."""
    if not output.is_folder:
        return output.size
    files = listed_files(cache, output.md5)
    if files is None:
        return None
    new = set(files.values()) - known
    known |= new
    try:
        return sum(stored_at(cache, md5).stat().st_size for md5 in new)
    except FileNotFoundError:
        return None
