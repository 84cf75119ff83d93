"""What differs between two commits: outputs, parameters, and the files that git itself holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

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
    pairs = [(path, old.get(path), new.get(path)) for path in sorted(old.keys() | new.keys())]
    return [OutputChange(*pair) for pair in pairs if not _same(pair[1], pair[2])]


def changed_parameters(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[ParameterChange]:
    """Return the parameters whose values differ, sorted by name; a list is one value.

    Args:
        before: the content of a params.yaml, or of a part of one.
        after: that of the other commit.
    """
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
