"""All commands that delete or publish, in every shape of repository: nothing is lost, nothing is left half done."""

import os
import time
from dataclasses import dataclass

import pytest

import shapes_of_history  # noqa: F401 (each adds its own to SHAPES)
import shapes_of_places  # noqa: F401
import shapes_of_trouble  # noqa: F401
from shaped import SHAPES

GARBAGE = b"nobody needs this"
ALIKE = {
    "a_cache_that_is_shared_by_hardlinks", "a_cache_that_is_shared_by_reflinks", "a_clone_without_tags",
    "a_git_folder_elsewhere", "a_merge_in_progress", "a_pick_in_progress", "a_project_that_moved_into_a_folder",
    "a_sparse_clone", "a_submodule", "a_worktree_whose_disk_is_not_there", "files_in_many_letters", "in_a_worktree",
    "no_origin", "saved_experiments", "worktrees_of_a_bare_repository",
}  # fmt: skip
"""Shapes of which another is tried each time, these now and then: all together take minutes."""


@dataclass(frozen=True)
class Command:
    """A command that deletes or publishes.

    Attributes:
        words: of the command line.
        code: where a shape says nothing else; None in a shape is any.
        removes: whether garbage in the cache is gone after it succeeded.
    """

    words: tuple
    code: int = 0
    removes: bool = False


COMMANDS = {
    "verify": Command(("verify",)),
    "gc": Command(("gc",)),
    "gc --apply": Command(("gc", "--apply"), removes=True),
    "sync": Command(("sync",)),
    "gc --remote": Command(("gc", "--remote", "--apply", "--min-age", "0")),
    "heal": Command(("heal",)),
    "release": Command(("release", "counts")),
    "promote": Command(("promote", "counts@v1.0.0", "dev")),
    "rollback": Command(("rollback", "counts", "dev"), code=2),
    "withdraw stage": Command(("withdraw", "counts#dev", "--why", "a trial")),
    "withdraw": Command(("withdraw", "counts@v1.0.0", "--why", "a trial")),
}
"""In this order, each in what the one before left."""


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow) if n in ALIKE else n for n in SHAPES])
def test_nothing_that_is_named_is_lost_and_nothing_is_left_half_done(name, tmp_path, cellarena):
    made = SHAPES[name](tmp_path)
    garbage = made.keep(GARBAGE)
    os.utime(made.cache / "files/md5" / garbage[:2] / garbage[2:], (time.time() - 7200,) * 2)
    assert made.precious <= made.objects()
    for command, entry in COMMANDS.items():
        before, stored, was_there = state(made), places(tmp_path, made.precious), garbage in made.objects()
        outcome = cellarena(made.repository.root, *entry.words)
        said = (command, outcome)
        assert made.codes.get(command, entry.code) in {None, outcome.code}, said
        assert "Traceback" not in outcome.err, said
        assert made.precious <= made.objects(), said
        assert stored <= places(tmp_path, made.precious), said
        assert leftovers(tmp_path) == [], said
        is_removed = entry.removes and outcome.code == 0
        assert (garbage in made.objects()) == (was_there and not is_removed), said
        if outcome.code:
            assert state(made) == before, said


def state(made):
    """Return what git has a name for here and at origin, and what differs from it."""
    return tuple(
        answer(made, *words)
        for words in (("for-each-ref",), ("ls-remote", "origin"), ("status", "--porcelain", "--untracked-files=all"))
    )


def answer(made, *words):
    """Return what git says; that it says nothing, because a ref is broken or origin gone, is an answer too."""
    try:
        return made.repository.git(*words)
    except AssertionError:
        return ""


def places(parent, names):
    """Return where objects of these names lie, in caches and remotes."""
    return {path for path in parent.rglob("files/md5/*/*") if path.parent.name + path.name in names}


def leftovers(parent):
    endings = ("*.tmp", "*.partial", ".fetching-*", "index.lock", "cellarena-*")
    return [path for ending in endings for path in parent.rglob(ending)]
