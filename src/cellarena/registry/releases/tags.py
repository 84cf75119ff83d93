"""The tags of releases, in GTO's form: read from git whatever state they are in, and written by git.

GTO reads none of an artifact's tags as soon as two of them contradict each other, and does not sign those it writes.
"""

import hashlib
import os
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from cellarena.registry.repository.repository import Repository

_ARTIFACT = r"(?:[a-zA-Z0-9-_./]+=)?[a-zA-Z0-9](?:[a-zA-Z0-9-/_]*[a-zA-Z0-9])?"
_FORM = re.compile(
    rf"(?P<name>{_ARTIFACT})(?:@(?P<deprecated>deprecated)|@(?P<version>v[0-9][0-9A-Za-z.+-]*)|#(?P<stage>[a-zA-Z0-9-/_]+))"
    r"(?P<cancel>!?)(?:#(?P<counter>[0-9]+))?"
)
_FIELDS = (
    "refname:strip=2", "objecttype", "*objecttype", "*objectname", "taggername", "taggerdate:iso-strict",
    "contents:subject", "contents:body",
)  # fmt: skip
_IN_A_TAG = re.compile(r"[a-zA-Z0-9_-]+(\.[a-zA-Z0-9_-]+)*")
_WRITTEN_BEFORE_TIME = datetime.fromtimestamp(0, UTC)


class NewTag(NamedTuple):
    """A tag to be written: its name, the full hash of its commit, and what it says."""

    text: str
    commit: str
    message: str


@dataclass(frozen=True)
class Tag:
    """A tag in GTO's form.

    Attributes:
        text: the whole of its name; that of a project in a folder of the git repository begins with the folder.
        name: of the artifact.
        version: that it releases or withdraws; "" for other tags.
        stage: that it fills or empties; "" for other tags.
        cancels: whether it withdraws a version, empties a stage, or deprecates the artifact.
        counter: by which the tags of an artifact's stages are numbered; 0 where it has none.
        commit: the full hash of the commit that it points to; "" if it is not annotated, so that GTO leaves it alone.
        message: its text, without a signature.
        place: the folder of its project in the git repository, as a tag can have it; "" for the root.
    """

    text: str
    name: str
    version: str
    stage: str
    cancels: bool
    counter: int
    commit: str
    author: str
    created: datetime
    message: str
    place: str = ""


def read_tags(repository: Repository) -> list[Tag]:
    """Return all tags of a project's artifacts that have GTO's form, the oldest first."""
    own = _place(repository.within)
    return [tag for tag in _all_tags(repository) if tag.place == own]


def places_of(repository: Repository, name: str) -> list[str]:
    """Return the folders of the git repository in whose projects an artifact has tags, "" for the root, sorted."""
    return sorted({tag.place for tag in _all_tags(repository) if tag.name == name})


def _place(within: str) -> str:
    """Return a folder's name as a tag can have it: where it holds other letters, a likeness and a hash of it."""
    if not within or all(_IN_A_TAG.fullmatch(part) and not part.endswith(".lock") for part in within.split("/")):
        return within
    likeness = re.sub(r"[^a-zA-Z0-9/-]+", "_", within)
    return f"{likeness}-{hashlib.sha256(os.fsencode(within)).hexdigest()[:8]}"


def _all_tags(repository: Repository) -> list[Tag]:
    listed = repository.git("for-each-ref", "--format=" + "".join(f"%({field})%00" for field in _FIELDS), "refs/tags")
    words = [word.decode(errors="replace") for word in listed.split(b"\0")[:-1]]
    rows = [words[i : i + len(_FIELDS)] for i in range(0, len(words), len(_FIELDS))]
    found = [tag for row in rows if (tag := _parsed(row))]
    return sorted(found, key=lambda tag: (tag.created, tag.counter, tag.text))


@contextmanager
def written(repository: Repository, tags: Iterable[NewTag]) -> Iterator[None]:
    """Write tags; if that or the block does not end well, none of them is left."""
    noted: list[str] = []
    _wait_for_the_next_second(repository)
    try:
        for text, commit, message in tags:
            # Before it is there, as an interruption may come when git is done and this process does not know it yet.
            noted.append(text)
            try:
                # Git's own command heeds tag.gpgsign, and refuses a name that is taken.
                repository.git("tag", "--annotate", "--cleanup=verbatim", "-m", f"{message}\n", "--", text, commit)
            except ValueError:
                noted.remove(text)
                raise
        yield
    except BaseException:
        for text in noted:
            repository.git("update-ref", "-d", f"refs/tags/{text}")
        raise


def _wait_for_the_next_second(repository: Repository) -> None:
    """For GTO and DVC tags of one second have no order: a stage that was moved twice would hold either."""
    newest = ("for-each-ref", "--sort=-taggerdate", "--count=1", "--format=%(taggerdate:unix)", "refs/tags")
    if written := repository.git(*newest).decode().strip():
        time.sleep(min(max(int(written) + 1 - time.time(), 0), 1))


def next_counter(repository: Repository, name: str) -> int:
    """Return the number of an artifact's next tag of a stage, in a second that no tag is of yet."""
    _wait_for_the_next_second(repository)
    return 1 + max((tag.counter for tag in read_tags(repository) if tag.name == name), default=0)


def tag_name(repository: Repository, text: str) -> str:
    """Return the name of a tag such as maunet@v1.2.0, maunet@v1.2.0!, maunet#prod#1 or maunet#prod!#2.

    Several projects of a git repository may have an artifact of one name: that of a project in a folder is as in
    cells/2d=maunet@v1.2.0, since git's tags cannot hold GTO's colon.
    """
    return f"{_place(repository.within)}={text}" if repository.within else text


def _parsed(row: list[str]) -> Tag | None:
    text, kind, target_kind, target, author, created, subject, body = (word.strip("\n") for word in row)
    found = _FORM.fullmatch(text)
    if not found or (kind == "tag" and target_kind != "commit"):
        return None
    place, _, name = found["name"].rpartition("=")
    made = datetime.fromisoformat(created) if created else _WRITTEN_BEFORE_TIME
    return Tag(
        text, name, found["version"] or "", found["stage"] or "", bool(found["cancel"] or found["deprecated"]),
        int(found["counter"] or 0), target, author, made, f"{subject}\n\n{body}".strip(), place,
    )  # fmt: skip
