"""Shapes by what git knows: stashes, experiments, worktrees, clones, and what is going on there."""

import shutil

from shaped import Shape, cloned, dvc_file, identify, new_shape, shape, side
from small_repository import SmallRepository, md5


@shape
def stashes(parent):
    """Three, the oldest of which holds what no other does: changed, staged, and not tracked at all."""
    made = new_shape(parent)
    for n in range(3):
        made.add("more", b"stashed %d" % n)
        made.repository.git("add", "more.dvc")
        made.add("more", b"changed %d" % n)
        made.add("untracked", b"untracked %d" % n)
        made.repository.git("stash", "push", "--quiet", "--include-untracked")
    return made


@shape
def queued_experiments(parent):
    made = new_shape(parent)
    for n in range(2):
        made.add("more", b"queued %d" % n)
        made.repository.git("add", "more.dvc")
        made.repository.run("dvc", "exp", "run", "--queue", "--set-param", f"compare.resamples={n + 100}")
    made.repository.git("reset", "--quiet", "--hard")
    return made


@shape
def saved_experiments(parent):
    """One here, and one that a colleague pushed to origin."""
    made = new_shape(parent)
    for n in range(2):
        made.add("more", b"experiment %d" % n)
        (made.repository.root / "more").write_bytes(b"experiment %d" % n)
        made.repository.git("add", "more.dvc")
        made.repository.run("dvc", "exp", "save", "--name", f"e{n}")
        made.repository.git("reset", "--quiet", "--hard")
    made.repository.run("dvc", "exp", "push", "--no-cache", "origin", "e0")
    return made


@shape
def an_experiment_that_runs(parent):
    """Its clone below .dvc/tmp/exps has results that its queue does not know yet."""
    made = new_shape(parent)
    running = made.repository.root / ".dvc/tmp/exps/standalone/tmp1"
    made.repository.git("clone", "--quiet", str(made.repository.root), str(running))
    name = made.keep(b"so far")
    made.precious.add(name)
    (running / "more.dvc").write_text(dvc_file(name, "more"))
    return made


@shape
def a_worktree(parent):
    """Committed, staged and changed, on a HEAD that no branch names."""
    made = new_shape(parent)
    tree = parent / "elsewhere"
    made.repository.git("worktree", "add", "--quiet", "--detach", str(tree))
    for n, how in enumerate((["commit", "--quiet", "--message", "More"], ["status"])):
        (tree / "more.dvc").write_text(made.add("more", b"worktree %d" % n).read_text())
        made.repository.git("-C", str(tree), "add", "more.dvc")
        made.repository.git("-C", str(tree), *how)
    (tree / "more.dvc").write_text(made.add("more", b"on the disk").read_text())
    (made.repository.root / "more.dvc").unlink()
    return made


@shape
def a_worktree_whose_disk_is_not_there(parent):
    made = a_worktree(parent)
    made.precious.discard(md5(b"on the disk"))
    shutil.rmtree(parent / "elsewhere")
    return made


@shape
def in_a_worktree(parent):
    """The command runs there; what the first clone has only on its disk lies in a cache of its own."""
    made = new_shape(parent)
    tree = parent / "elsewhere"
    made.repository.git("worktree", "add", "--quiet", "-b", "other", str(tree))
    shutil.copytree(made.cache, tree / ".dvc/cache")
    return Shape(SmallRepository(tree), made.precious, tree / ".dvc/cache")


@shape
def worktrees_of_a_bare_repository(parent):
    made = new_shape(parent)
    bare, tree = parent / "bare.git", parent / "main"
    made.repository.git("clone", "--quiet", "--bare", str(parent / "origin.git"), str(bare))
    made.repository.git("--git-dir", str(bare), "worktree", "add", "--quiet", str(tree), "main")
    shutil.copytree(made.cache, tree / ".dvc/cache")
    found = Shape(SmallRepository(tree), made.precious, tree / ".dvc/cache")
    identify(found.repository)
    return found


@shape
def a_detached_head(parent):
    """What it holds is neither staged nor on the disk."""
    made = new_shape(parent)
    made.repository.git("switch", "--quiet", "--detach")
    made.add("more", b"detached")
    made.repository.git("add", "more.dvc")
    made.repository.git("commit", "--quiet", "--message", "Detached")
    made.repository.git("rm", "--quiet", "more.dvc")
    made.codes = {"promote": 2, "rollback": 2, "withdraw stage": 2}
    return made


@shape
def a_merge_in_progress(parent):
    """What comes in is taken out again, so that only git's note of the merge names it."""
    made = new_shape(parent)
    side(made, b"theirs")
    made.repository.git("merge", "--no-commit", "--no-ff", "side")
    made.repository.git("rm", "--quiet", "--force", "more.dvc")
    made.repository.git("branch", "--quiet", "-D", "side")
    made.codes = {"promote": 2, "withdraw stage": 2}
    return made


@shape
def a_rebase_in_progress(parent):
    """What was changed before is in its autostash only."""
    made = new_shape(parent)
    side(made, b"theirs", path="clash")
    made.add("clash", b"ours")
    made.repository.git("add", "clash.dvc")
    made.repository.git("commit", "--quiet", "--message", "Ours")
    (made.repository.root / "params.yaml").open("a").write("\n")
    made.add("autostashed", b"autostashed")
    made.repository.git("add", "autostashed.dvc")
    made.repository.run("git", "rebase", "--autostash", "side", code=1)
    (made.repository.root / "clash.dvc").write_text(dvc_file(md5(b"ours"), "clash"))
    made.codes = {"promote": 2, "withdraw stage": 2}
    return made


@shape
def a_pick_in_progress(parent):
    made = new_shape(parent)
    side(made, b"theirs", path="clash")
    made.add("clash", b"ours")
    made.repository.git("add", "clash.dvc")
    made.repository.git("commit", "--quiet", "--message", "Ours")
    made.repository.run("git", "cherry-pick", "side", code=1)
    made.repository.git("branch", "--quiet", "-D", "side")
    made.repository.git("rm", "--quiet", "clash.dvc")
    made.codes = {"promote": 2, "rollback": 2, "withdraw stage": 2}
    return made


@shape
def a_shallow_clone(parent):
    return cloned(parent, "--depth", "1")


@shape
def a_clone_without_tags(parent):
    return cloned(parent, "--no-tags")


@shape
def a_sparse_clone(parent):
    made = cloned(parent)
    made.repository.git("sparse-checkout", "set", "metrics", ".dvc")
    made.codes = {"promote": 2, "withdraw stage": 2}  # git adds nothing that its checkout leaves out
    return made


@shape
def odd_tags(parent):
    """A tag of a tag, of a folder, of a file; and a note."""
    made = new_shape(parent)
    head = made.repository.git("rev-parse", "HEAD")
    for n, what in enumerate(("HEAD", "HEAD^{tree}", "HEAD:more.dvc")):
        made.add("more", b"odd %d" % n)
        made.repository.git("add", "more.dvc")
        made.repository.git("commit", "--quiet", "--message", "Odd")
        made.repository.git("tag", "--annotate", f"odd{n}", what, "--message", "Odd")
    made.repository.git("tag", "--annotate", "odder", "odd0", "--message", "Odder")
    made.repository.git("tag", "--delete", "odd0")
    note = made.keep(b"in a note")
    made.precious.add(note)
    made.repository.git("notes", "add", "--message", f"made of {note}", head)
    made.repository.git("reset", "--quiet", "--hard", head)
    return made
