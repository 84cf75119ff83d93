"""All commands that delete or publish, in every shape of repository: nothing that is named is lost, nothing half done."""

from dataclasses import dataclass

import pytest

from shapes import SHAPES

GARBAGE = b"nobody needs this"


@dataclass(frozen=True)
class Command:
    """A command that deletes or publishes.

    Attributes:
        words: of the command line.
        code: where a shape says nothing else.
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
}


@pytest.mark.parametrize("name", SHAPES)
def test_nothing_that_is_named_is_lost_and_nothing_is_left_half_done(name, tmp_path, cellarena):
    made = SHAPES[name](tmp_path)
    garbage = made.keep(GARBAGE)
    assert made.precious <= made.objects()
    for command, entry in COMMANDS.items():
        before, stored, was_there = state(made), objects_of(tmp_path, made.precious), garbage in made.objects()
        outcome = cellarena(made.repository.root, *entry.words)
        expected = made.codes.get(command, entry.code)
        assert expected in {None, outcome.code}, (command, outcome)
        assert "Traceback" not in outcome.err, (command, outcome)
        assert made.precious <= made.objects(), (command, made.precious - made.objects(), outcome)
        assert stored <= objects_of(tmp_path, made.precious), (command, outcome)
        assert leftovers(tmp_path) == [], command
        assert (garbage in made.objects()) == (was_there and not (entry.removes and not outcome.code)), (
            command,
            outcome,
        )
        if outcome.code:
            assert state(made) == before, (command, outcome)
        print(command, outcome.code, outcome.err.splitlines()[-1:])


def state(made):
    """Return what git has a name for here and at origin, and what differs from it."""
    git = made.repository.git
    try:
        there = git("ls-remote", "origin")
    except AssertionError:
        there = ""
    try:
        refs = git("for-each-ref")
    except AssertionError:
        refs = ""
    return refs, there, git("status", "--porcelain", "--untracked-files=all")


def objects_of(parent, names):
    """Return where objects of these names lie, in caches and remotes."""
    return {path for path in parent.rglob("files/md5/*/*") if path.parent.name + path.name in names}


def leftovers(parent):
    return [
        path
        for ending in ("*.tmp", "*.partial", ".fetching-*", "index.lock", "cellarena-*")
        for path in parent.rglob(ending)
    ]
