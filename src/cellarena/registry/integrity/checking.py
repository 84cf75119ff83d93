"""Objects read whole and compared with their names; a place that goes away is noticed and no longer asked."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal, NamedTuple

from cellarena.faults import IntegrityError, PartialError
from cellarena.registry.integrity.storage import Storage, is_right

State = Literal["right", "missing", "rotten", "unread"]
Watch = Callable[[Iterable[Any], str, int], Iterator[Any]]
"""Yields the items and shows how far it is: items, what is done with them, how many they are."""

_WAITS = (0.3, 1.5)
"""Seconds before an object that could not be read is tried again."""
_LOST_AFTER = 3
"""So many objects in a row that could not be read: the place is gone, and the others are not asked for."""


class Finding(NamedTuple):
    """What a place has under an object's name; `why` says more of one that is rotten or could not be read."""

    name: str
    state: State
    why: str = ""


def check(storage: Storage, names: Collection[str], watch: Watch) -> dict[str, Finding]:
    """Return what a place has under each name, by name, sorted.

    No object is believed to be right because it was so before: all bytes are read.
    """
    if not names:
        return {}
    contact = _Contact(storage)
    with ThreadPoolExecutor(storage.n_jobs) as pool:
        try:
            checked = watch(pool.map(contact.examine, sorted(names)), f"Reading {storage.name}", len(names))
            found = {finding.name: finding for finding in checked}
        finally:
            pool.shutdown(cancel_futures=True)
    return _without_root(storage, found)


def _without_root(storage: Storage, found: dict[str, Finding]) -> dict[str, Finding]:
    """Return the findings; if the place itself is not there, nothing can be said of what seemed missing."""
    if storage.root is None or all(finding.state != "missing" for finding in found.values()):
        return found
    try:
        with storage.reached():
            if storage.odb.fs.exists(storage.root):
                return found
        # The root of a WebDAV remote is its whole address.
        why = f"{storage.name}: there is no {storage.root or storage.odb.fs.unstrip_protocol('')}"
    except (FileNotFoundError, PartialError) as error:
        why = str(error)
    return {n: Finding(n, "unread", why) if finding.state == "missing" else finding for n, finding in found.items()}


class _Contact:
    """Reads objects one by one and remembers whether the place still answers."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._failed_in_a_row = 0
        self._reason = ""

    def examine(self, name: str) -> Finding:
        if self._failed_in_a_row >= _LOST_AFTER:
            return Finding(name, "unread", self._reason)
        for wait in (*_WAITS, None):
            try:
                finding = self._finding(name)
            except PartialError as error:
                # Where one object could not be read, the next is not waited for as long.
                if wait is None or self._failed_in_a_row:
                    return self._failure(name, str(error))
                time.sleep(wait)
            else:
                self._failed_in_a_row = 0
                return finding
        raise AssertionError("the last try returns")

    def _finding(self, name: str) -> Finding:
        try:
            # What was cut off on its way is no rot: it is so twice, or it is not believed.
            if is_right(name, self._storage.digest(name)) or is_right(name, digest := self._storage.digest(name)):
                return Finding(name, "right")
        except FileNotFoundError:
            return Finding(name, "missing")
        except IntegrityError as error:
            return Finding(name, "rotten", str(error))
        return Finding(name, "rotten", f"its md5 is {digest}")

    def _failure(self, name: str, reason: str) -> Finding:
        self._failed_in_a_row += 1
        self._reason = reason
        return Finding(name, "unread", reason)
