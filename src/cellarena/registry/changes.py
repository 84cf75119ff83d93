"""What differs between two commits: outputs, parameters, and the files that git itself holds."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cellarena.registry.repository.locked import LockedStage
from cellarena.registry.repository.outputs import Output
from cellarena.registry.repository.repository import Repository

ABSENT = ""
"""Stands for the value of a parameter that a commit does not have."""
# DVC writes YAML 1.2, in which this is a number; to the reader of YAML 1.1 it is text.
_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+")


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


@dataclass(frozen=True)
class FileChange:
    """A file in git that differs, and how many lines were added and removed; None for one that is no text."""

    path: str
    n_added: int | None
    n_removed: int | None


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


def flat(content: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Return every value as JSON by its dotted name; an empty section is a value."""
    found: dict[str, str] = {}
    for key, value in content.items():
        if isinstance(value, Mapping) and value:
            found |= flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = json.dumps(_numbers(value), default=str, sort_keys=True, ensure_ascii=False)
    return found


def changed_files(repository: Repository, before: str, after: str) -> list[FileChange]:
    """Return the files in git that differ, sorted by path; one that was moved is removed and added."""
    only = [f"--relative={repository.within}/"] if repository.within else []
    options = ("--numstat", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", *only)
    listed = repository.git("diff", *options, before, after)
    changes = []
    for line in filter(None, listed.decode(errors="surrogateescape").split("\0")):
        added, removed, path = line.split("\t", 2)
        counts = (int(added), int(removed)) if added != "-" else (None, None)
        changes.append(FileChange(path, *counts))
    return sorted(changes, key=lambda change: change.path)


def causes(before: LockedStage, after: LockedStage) -> list[str]:
    """Return what a stage was given that differs: parameters by dotted name, dependencies by path, else its command."""
    old, new = ({dep.path: dep.md5 for dep in stage.deps} for stage in (before, after))
    paths = sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path))
    names = [change.name for change in changed_parameters(before.settings, after.settings)]
    return [*names, *paths] or (["cmd"] if before.cmd != after.cmd else [])


def _numbers(value: Any) -> Any:
    if isinstance(value, list):
        return [_numbers(part) for part in value]
    return float(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else value


def _same(before: Output | None, after: Output | None) -> bool:
    return before is not None and after is not None and before.md5 == after.md5
