"""The artifacts that a commit's dvc.yaml declares: the names that releases are made under."""

from dataclasses import dataclass
from typing import Any

from cellarena.registry.releases.names import checked_name
from cellarena.registry.repository.repository import Repository


@dataclass(frozen=True)
class Artifact:
    """A model or data set that can be released: its name, the path of its output in the project, and which it is."""

    name: str
    path: str
    type: str


def artifacts_at(repository: Repository, commit: str) -> dict[str, Artifact]:
    """Return the artifacts of a commit by name, their paths filled in from its params.yaml, sorted by name.

    Raises:
        ValueError: if dvc.yaml or params.yaml cannot be read, a name cannot be released, or a path is not known.
        SecurityError: if a path leads out of the repository.
    """
    declared = repository.mapping(commit, "dvc.yaml").get("artifacts") or {}
    params = repository.mapping(commit, "params.yaml")
    found = {}
    for name, entry in sorted(declared.items()):
        path = _filled_in(entry.get("path"), params, f"{repository.address}: dvc.yaml: artifacts.{name}.path")
        repository.refuse_escape(commit, path)
        found[checked_name(name)] = Artifact(name, path, str(entry.get("type", "")))
    return found


def artifact_at(repository: Repository, commit: str, name: str) -> Artifact:
    """Return one artifact of a commit, as `artifacts_at`; a ValueError, which says what there is, if there is none."""
    known = artifacts_at(repository, commit)
    if name not in known:
        raise ValueError(
            f"{repository.address}: dvc.yaml declares no artifact {name}; it has {', '.join(known) or 'none'}"
        )
    return known[name]


def _filled_in(path: Any, params: dict[str, Any], where: str) -> str:
    """Return a path without the ${...} that stand in it."""
    from dvc.exceptions import DvcException
    from dvc.parsing.context import Context

    if not isinstance(path, str):
        raise ValueError(f"{where}: {path!r} is no path")
    try:
        return str(Context(params).resolve_str(path))
    except DvcException as error:
        raise ValueError(f"{where}: {' '.join(str(error).split())}") from error
