"""The objects that commits promise: every output, and every file of those that are folders."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cellarena.faults import SecurityError
from cellarena.registry.integrity.named_commits import NamedCommit
from cellarena.registry.repository.outputs import Output, outputs_at
from cellarena.registry.repository.repository import Repository

_MD5 = re.compile(r"[0-9a-f]{32}")

Listing = Mapping[str, str]
"""The md5 of every file of a folder, by the path below it."""


@dataclass(frozen=True)
class Use:
    """Where an object is promised: the path, the output that it is or belongs to, and the commits that promise it."""

    path: str
    output: Output
    named_commits: Sequence[NamedCommit]


def promised_outputs(repository: Repository, named_commits: Iterable[NamedCommit]) -> dict[Output, list[NamedCommit]]:
    """Return the `outputs_at` these commits that DVC keeps, sorted by path, and which of them promise it."""
    at: dict[str, list[Output]] = {}
    promised: dict[Output, list[NamedCommit]] = {}
    for named in named_commits:
        if named.commit not in at:
            at[named.commit] = [output for output in outputs_at(repository, named.commit) if output.is_cached]
        for output in at[named.commit]:
            promised.setdefault(output, []).append(named)
    return dict(sorted(promised.items()))


def parse_listing(content: bytes, name: str) -> Listing:
    """Return what the JSON of a folder's object lists.

    Raises:
        ValueError: if it is no list of files with their hashes.
        SecurityError: if a file would lie outside of the folder.
    """
    try:
        entries = [(entry["relpath"], entry["md5"]) for entry in json.loads(content)]
        if not all(isinstance(path, str) and _MD5.fullmatch(md5) for path, md5 in entries):
            raise ValueError("a file has no path or no md5")
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ValueError(f"{name}: not the list of a folder's files ({error})") from error
    for path, _ in entries:
        if any(part in {"", ".", ".."} for part in path.split("/")) or "\\" in path or "\0" in path:
            raise SecurityError(f"{name}: lists a file {path!r} outside of its folder; it is not read")
    return dict(sorted(entries))


def objects_of(outputs: Iterable[Output], listings: Mapping[str, Listing]) -> set[str]:
    """Return the names of all objects of outputs, those of folders that `listings` lacks without their files."""
    tops = {output.md5 for output in outputs}
    return tops.union(*(listings[top].values() for top in tops if top in listings))


def uses_of(
    objects: Iterable[str], outputs: Mapping[Output, Sequence[NamedCommit]], listings: Mapping[str, Listing]
) -> dict[str, list[Use]]:
    """Return where these objects are promised, by object, sorted by path."""
    found: dict[str, list[Use]] = {name: [] for name in objects}
    for output, named_commits in outputs.items():
        if output.md5 in found:
            found[output.md5].append(Use(output.path, output, named_commits))
        for path, md5 in listings.get(output.md5, {}).items():
            if md5 in found:
                found[md5].append(Use(f"{output.path}/{path}", output, named_commits))
    return found
