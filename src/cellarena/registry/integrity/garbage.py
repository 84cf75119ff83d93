"""Objects that nothing names any more."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cellarena.registry.integrity.storage import FOLDER, Storage

_OBJECT = re.compile(r"[0-9a-f]{32}(\.dir)?")
_LEFTOVER = re.compile(r"[0-9a-f]{2}\.[^/]*\.tmp")
_NAMED = re.compile(rb"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")
_A_DAY = 1.0


@dataclass(frozen=True)
class Garbage:
    """An object that nothing names, or what an interrupted copy left behind; its size in bytes."""

    name: str
    size: int


def hashes_in(contents: Iterable[bytes]) -> set[str]:
    """Return the objects that texts such as reports name: every md5 in them, as of a file and as of a folder."""
    found = {match.group().decode() for content in contents for match in _NAMED.finditer(content)}
    return found | {name + FOLDER for name in found}


def garbage(storage: Storage, spare: Collection[str], min_age: float) -> list[Garbage]:
    """Return what the cache or a remote could do without of what is there and not needed, sorted by name.

    What is younger than `min_age`, in days, may belong to a push whose commit is not known here yet. What an
    interrupted copy left behind is given a day at least, since the copy may still go on.
    """
    found = []
    for name in sorted(spare):
        is_object = _OBJECT.fullmatch(name) is not None
        if is_object or _LEFTOVER.fullmatch(name):
            try:
                info = storage.info(name)
            except FileNotFoundError:
                continue
            if _age(info) >= (min_age if is_object else max(min_age, _A_DAY)):
                found.append(Garbage(name, int(info.get("size") or 0)))
    return found


def _age(info: dict[str, Any]) -> float:
    """Return how many days ago an object was written; none if the place does not tell."""
    now = datetime.now(UTC)
    written = next((info[key] for key in ("mtime", "LastModified", "modified") if info.get(key)), now)
    if isinstance(written, int | float):
        written = datetime.fromtimestamp(written, UTC)
    if not isinstance(written, datetime):
        return 0.0
    return (now - (written if written.tzinfo else written.replace(tzinfo=UTC))).total_seconds() / 86400
