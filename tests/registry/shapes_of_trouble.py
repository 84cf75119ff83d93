"""Shapes in which something is broken, lost, refused or out of reach."""

import shutil

from shaped import RAW, new_shape, shape, side

PUBLISHING = ("release", "promote", "rollback", "withdraw stage", "withdraw")


@shape
def a_broken_ref(parent):
    made = new_shape(parent)
    (made.repository.root / ".git/refs/heads/broken").write_bytes(b"")
    made.codes = dict.fromkeys(["verify", "gc", "gc --apply", "gc --remote", "heal"], 4)
    made.codes |= dict.fromkeys(PUBLISHING, None)
    return made


@shape
def a_lost_commit(parent):
    made = new_shape(parent)
    side(made, b"theirs")
    commit = made.repository.git("rev-parse", "side")
    (made.repository.root / ".git/objects" / commit[:2] / commit[2:]).unlink()
    made.codes = dict.fromkeys(["gc", "gc --apply", "gc --remote"], 4)
    made.codes |= dict.fromkeys(["verify", "heal", *PUBLISHING], None)
    return made


@shape
def a_lost_lock(parent):
    """A branch whose dvc.lock git has lost."""
    made = new_shape(parent)
    side(made, b"theirs")
    blob = made.repository.git("rev-parse", "side:more.dvc")
    (made.repository.root / ".git/objects" / blob[:2] / blob[2:]).unlink()
    made.codes = dict.fromkeys(["gc", "gc --apply", "gc --remote", "verify", "heal"], 4)
    return made


@shape
def a_lock_that_is_none(parent):
    made = new_shape(parent)
    made.repository.git("switch", "--quiet", "--create", "side")
    (made.repository.root / "dvc.lock").write_text("stages: [")
    made.repository.git("commit", "--quiet", "--all", "--message", "Broken")
    made.repository.git("switch", "--quiet", "main")
    made.codes = dict.fromkeys(["gc", "gc --apply", "gc --remote", "verify", "heal"], 2)
    return made


@shape
def a_file_that_cannot_be_read(parent):
    made = new_shape(parent)
    (made.repository.root / "gone.dvc").symlink_to("nowhere")
    made.codes = dict.fromkeys(["gc", "gc --apply", "gc --remote"], 4) | {"verify": 3} | dict.fromkeys(PUBLISHING, 2)
    return made


@shape
def no_lock_at_all(parent):
    """The objects may be all that is left."""
    made = new_shape(parent)
    made.repository.git("rm", "--quiet", "dvc.lock")
    made.repository.git("commit", "--quiet", "--amend", "--message", "Nothing")
    made.repository.git("push", "--quiet", "--force", "origin", "main")
    for ref in ("ORIG_HEAD", "FETCH_HEAD"):
        (made.repository.root / ".git" / ref).unlink(missing_ok=True)
    made.codes = dict.fromkeys(["gc", "gc --apply", "gc --remote", "verify", "sync", "heal"], 4)
    made.codes |= dict.fromkeys(PUBLISHING, 2)
    return made


@shape
def an_origin_that_refuses(parent):
    made = new_shape(parent)
    hook = parent / "origin.git/hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho this is read-only >&2\nexit 1\n")
    hook.chmod(0o755)
    made.codes = {"promote": 2, "withdraw stage": 2, "withdraw": 2}
    return made


@shape
def an_origin_that_is_gone(parent):
    made = new_shape(parent)
    shutil.rmtree(parent / "origin.git")
    made.codes = dict.fromkeys(["gc --remote", *PUBLISHING], 2)
    return made


@shape
def no_origin(parent):
    made = new_shape(parent)
    made.repository.git("remote", "remove", "origin")
    return made


@shape
def a_remote_that_cannot_be_written(parent):
    made = new_shape(parent)
    (parent / "store").write_text("a file, not a folder")
    made.codes = {"sync": 3, "heal": 3, "gc --remote": None, "promote": 3, "withdraw stage": 2}
    return made


@shape
def a_merge_in_conflict(parent):
    """Nobody can read a dvc.lock with the marks of a conflict in it, so that nothing is removed."""
    made = new_shape(parent)
    made.repository.git("switch", "--quiet", "--create", "side")
    made.precious |= set(made.repository.commit(RAW, counts="8\n").values())
    made.repository.git("switch", "--quiet", "main")
    made.precious |= set(made.repository.commit(RAW, counts="9\n").values())
    made.repository.run("git", "merge", "side", code=1)
    made.codes = {"verify": 3} | dict.fromkeys(["gc", "gc --apply", "gc --remote", *PUBLISHING], 2)
    return made
