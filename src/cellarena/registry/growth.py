"""By how much a change makes the storage grow."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cellarena.registry.repository.outputs import Output


@dataclass(frozen=True)
class Growth:
    """Bytes that are new to the storage; not `is_exact` where a folder's list of files is not at hand: at most."""

    n_bytes: int
    is_exact: bool


def growth(before: Sequence[Output], after: Sequence[Output], cache: Path) -> Growth:
    """Return how many bytes outputs of a commit add to what another one promises.

    Files that are the same in both, under whatever name, are stored once. Where the cache lacks the list of a folder
    or one of its files, all of that folder counts.

    Args:
        before: all outputs of the one commit.
        after: those of the other that are asked for.
        cache: the folder of DVC's objects, such as .dvc/cache.
    """
    known = {output.md5 for output in before if output.is_cached}
    lists = [_listed(cache, output.md5) for output in before if output.is_cached and output.is_folder]
    known |= {md5 for files in lists if files for md5 in files}
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
    files = _listed(cache, output.md5)
    if files is None:
        return None
    new = {md5 for md5 in files if md5 not in known}
    known |= new
    try:
        return sum(stored_at(cache, md5).stat().st_size for md5 in new)
    except FileNotFoundError:
        return None


def _listed(cache: Path, md5: str) -> Iterable[str] | None:
    try:
        return [str(entry["md5"]) for entry in json.loads(stored_at(cache, md5).read_bytes())]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def stored_at(cache: Path, md5: str) -> Path:
    """Return where a folder of DVC's objects, such as .dvc/cache, holds the one of a hash."""
    return cache / "files" / "md5" / md5[:2] / md5[2:]
