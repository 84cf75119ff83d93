"""Shapes that a git repository with a DVC project in it takes in ordinary life, each made by git and DVC themselves.

A shape is a function with the decorator; what deletes or publishes is tried in every one by test_shapes.py.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from small_repository import SmallRepository, md5, write_config
from workspace import ROOT

RAW = {"a.bin": b"one", "b.bin": b"two"}
SHAPES: dict[str, Callable] = {}


@dataclass
class Shape:
    """A project in a shape.

    Attributes:
        repository: in whose root commands are run.
        precious: objects of the cache that a ref, stash, queue, worktree or file names.
        cache: the folder of objects.
        codes: the exit codes of commands, where that is not 0.
    """

    repository: SmallRepository
    precious: set = field(default_factory=set)
    cache: Path = Path()
    codes: dict = field(default_factory=dict)

    def objects(self):
        return {path.parent.name + path.name for path in (self.cache / "files").rglob("*") if path.is_file()}

    def keep(self, content, ending=""):
        """Put an object into the cache that something is going to name."""
        name = md5(content) + ending
        path = self.cache / "files/md5" / name[:2] / name[2:]
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_bytes(content)
        return name

    def add(self, path, content):
        """Write a .dvc file, for a new object."""
        name = self.keep(content)
        self.precious.add(name)
        file = self.repository.root / f"{path}.dvc"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dvc_file(name, Path(path).name))
        return file


def shape(builder):
    SHAPES[builder.__name__] = builder
    return builder


def dvc_file(name, path):
    return f"outs:\n- md5: {name}\n  size: 1\n  hash: md5\n  path: {json.dumps(path)}\n"


def new_shape(parent, folder="project", git="project"):
    """Return a project with results, committed and pushed to a bare `origin`; its remote is the folder `store`."""
    root, top = parent / folder, parent / git
    root.mkdir(parents=True)
    made = SmallRepository(root)
    made.run("git", "init", "--quiet", "--initial-branch=main", str(top))
    made.git("config", "user.name", "Test")
    made.git("config", "user.email", "test@example.org")
    (root / ".dvc").mkdir()
    write_config(root / ".dvc/config", {"url": str(parent / "store")}, core={"remote": "storage", "analytics": "false"})
    (root / ".dvc/.gitignore").write_text("/config.local\n/cache\n/tmp\n")
    (root / ".gitignore").write_text("/data/\n")
    for name in ("params.yaml", ".gto"):
        shutil.copy(ROOT / name, root / name)
    found = Shape(made, cache=root / ".dvc/cache")
    found.precious = {name for path, name in made.commit(RAW).items() if path.startswith("data/")}
    found.precious |= {md5(content) for content in RAW.values()}
    made.run("git", "init", "--quiet", "--bare", "--initial-branch=main", str(parent / "origin.git"))
    made.git("remote", "add", "origin", str(parent / "origin.git"))
    made.git("push", "--quiet", "origin", "main")
    return found


@shape
def plain(parent):
    return new_shape(parent)


@shape
def a_folder_of_the_labs_repository(parent):
    return new_shape(parent, "lab/cells/2d", "lab")


@shape
def a_folder_in_many_letters(parent):
    return new_shape(parent, "lab/Zellen \N{LATIN SMALL LETTER U WITH DIAERESIS} #1, 50%/.2d", "lab")


@shape
def two_projects_in_one_repository(parent):
    """The other one has the same artifact, and objects in a cache of its own."""
    made = new_shape(parent, "lab/cells", "lab")
    other = parent / "lab/nuclei"
    shutil.copytree(parent / "lab/cells", other)
    shutil.rmtree(other / ".dvc/cache")
    SmallRepository(other).commit({"a.bin": b"three"}, counts="7\n")
    made.repository.git("push", "--quiet", "origin", "main")
    return made


@shape
def a_project_that_moved_into_a_folder(parent):
    """Its old releases are of the root; their objects are still in the cache, which moved along."""
    made = new_shape(parent, "lab", "lab")
    made.repository.release("counts@v0.9.0")
    old = set(made.precious)
    root = parent / "lab/cells"
    root.mkdir()
    for path in [path for path in (parent / "lab").iterdir() if path.name not in {".git", "cells"}]:
        path.rename(root / path.name)
    moved = Shape(SmallRepository(root), cache=root / ".dvc/cache")
    moved.precious = old | set(moved.repository.commit(RAW, counts="5\n", model=b"new").values())
    moved.repository.git("push", "--quiet", "origin", "main")
    return moved


@shape
def a_pipeline_in_each_folder(parent):
    made = new_shape(parent)
    root = made.repository.root
    (root / "nuclei").mkdir()
    (root / "nuclei/dvc.yaml").write_text("stages:\n  fit: {cmd: 'true', wdir: run, outs: [../out/w.bin]}\n")
    name = made.keep(b"nuclei")
    stage = {"cmd": "true", "outs": [{"path": "../out/w.bin", "md5": name, "hash": "md5"}]}
    (root / "nuclei/dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": {"fit": stage}}))
    made.precious.add(name)
    made.add("inbox/plate 7/images", b"a plate")
    made.repository.git("add", "--all")
    made.repository.git("commit", "--quiet", "--message", "More")
    made.repository.git("push", "--quiet", "origin", "main")
    return made


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
    made.codes = {"promote": 2, "rollback": 2}
    return made


@shape
def a_merge_in_progress(parent):
    """What comes in is taken out again, so that only git's note of the merge names it."""
    made = new_shape(parent)
    side(made, b"theirs")
    made.repository.git("merge", "--no-commit", "--no-ff", "side")
    made.repository.git("rm", "--quiet", "--force", "more.dvc")
    made.repository.git("branch", "--quiet", "-D", "side")
    made.codes = {"promote": 2}
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
    made.codes = {"gc": 2, "gc --apply": 2, "gc --remote": 2, "release": 2, "promote": 2, "rollback": 2}
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
    made.codes = {"promote": 2}
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
    made.codes = {"promote": 2, "rollback": 2}
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
    made.codes = {"promote": 2}  # git adds nothing that its checkout leaves out
    return made


@shape
def a_cache_that_is_shared_by_symlinks(parent):
    return shared(parent, "symlink")


@shape
def a_cache_that_is_shared_by_hardlinks(parent):
    return shared(parent, "hardlink")


@shape
def a_cache_that_is_shared_by_reflinks(parent):
    return shared(parent, "reflink,copy")


@shape
def a_cache_that_is_a_link(parent):
    made = new_shape(parent)
    made.cache.rename(parent / "shared")
    made.cache.symlink_to(parent / "shared")
    made.codes = {"gc": 2, "gc --apply": 2}
    return made


@shape
def a_path_in_many_letters(parent):
    (parent / "Zellen \N{LATIN SMALL LETTER U WITH DIAERESIS} #1, 50%").mkdir()
    made = new_shape(parent / "Zellen \N{LATIN SMALL LETTER U WITH DIAERESIS} #1, 50%", "pro jekt", "pro jekt")
    made.codes = {"promote": None}
    return made


@shape
def files_in_many_letters(parent):
    made = new_shape(parent)
    made.add("Zellen \N{LATIN SMALL LETTER U WITH DIAERESIS}/%s #1", b"letters")
    made.repository.git("add", "--all")
    made.repository.git("commit", "--quiet", "--message", "More")
    made.repository.git("push", "--quiet", "origin", "main")
    return made


@shape
def what_has_no_md5(parent):
    """Imported without its data, versioned by a cloud, of DVC 2."""
    made = new_shape(parent)
    (parent / "there.bin").write_bytes(b"there")
    made.repository.run("dvc", "import-url", "--no-download", "--quiet", str(parent / "there.bin"), "there.bin")
    versioned = {"relpath": "a", "md5": made.keep(b"in a cloud"), "cloud": {"s3": {"etag": "123", "version_id": "1"}}}
    content = {"outs": [{"path": "cloud", "files": [versioned]}]}
    (made.repository.root / "cloud.dvc").write_text(yaml.safe_dump(content))
    (made.repository.root / "old.dvc").write_text(f"outs:\n- md5: {md5(b'old')}.dir\n  path: old\n")
    made.precious.add(md5(b"in a cloud"))
    made.repository.git("add", "--all")
    made.repository.git("commit", "--quiet", "--message", "More")
    made.repository.git("push", "--quiet", "origin", "main")
    return made


@shape
def what_git_ignores(parent):
    """A .dvc file that git does not track is on the disk only."""
    made = new_shape(parent)
    made.add("data/scratch/mine", b"ignored")
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


@shape
def a_broken_ref(parent):
    made = new_shape(parent)
    (made.repository.root / ".git/refs/heads/broken").write_bytes(b"")
    made.codes = dict.fromkeys(["verify", "gc", "gc --apply", "gc --remote", "heal"], 4)
    made.codes |= dict.fromkeys(["release", "promote", "rollback"], None)
    return made


@shape
def a_lost_commit(parent):
    made = new_shape(parent)
    side(made, b"theirs")
    commit = made.repository.git("rev-parse", "side")
    (made.repository.root / ".git/objects" / commit[:2] / commit[2:]).unlink()
    made.codes = dict.fromkeys(["gc", "gc --apply", "gc --remote"], 4)
    made.codes |= dict.fromkeys(["verify", "heal", "release", "promote", "rollback"], None)
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
    made.codes = dict.fromkeys(["gc", "gc --apply", "gc --remote"], 4) | {"release": 2, "promote": 2}
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
    made.codes |= {"release": 2, "promote": 2}
    return made


@shape
def an_origin_that_refuses(parent):
    made = new_shape(parent)
    hook = parent / "origin.git/hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho this is read-only >&2\nexit 1\n")
    hook.chmod(0o755)
    made.codes = {"promote": 2}
    return made


@shape
def an_origin_that_is_gone(parent):
    made = new_shape(parent)
    shutil.rmtree(parent / "origin.git")
    made.codes = {"gc --remote": 2, "promote": 2, "rollback": 2}
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
    made.codes = {"sync": 3, "heal": 3, "gc --remote": None, "promote": 3}
    return made


@shape
def a_submodule(parent):
    made = new_shape(parent)
    lab = parent / "lab"
    made.repository.run("git", "init", "--quiet", str(lab))
    allowed = ("-c", "protocol.file.allow=always")
    made.repository.git("-C", str(lab), *allowed, "submodule", "--quiet", "add", str(parent / "origin.git"), "cells")
    found = Shape(SmallRepository(lab / "cells"), made.precious, lab / "cells/.dvc/cache")
    shutil.copytree(made.cache, found.cache)
    identify(found.repository)
    found.add("more", b"on the disk")
    return found


@shape
def a_git_folder_elsewhere(parent):
    made = new_shape(parent)
    made.repository.run("git", "init", "--quiet", "--separate-git-dir", str(parent / "history"))
    made.add("more", b"on the disk")
    return made


def identify(repository):
    repository.git("config", "user.name", "Test")
    repository.git("config", "user.email", "test@example.org")


def side(made, content, path="more"):
    """Commit a .dvc file on a branch `side`."""
    made.repository.git("switch", "--quiet", "--create", "side")
    made.add(path, content)
    made.repository.git("add", f"{path}.dvc")
    made.repository.git("commit", "--quiet", "--message", "Side")
    made.repository.git("switch", "--quiet", "main")


def cloned(parent, *options):
    made = new_shape(parent)
    made.repository.git("clone", "--quiet", *options, f"file://{parent / 'origin.git'}", str(parent / "clone"))
    found = Shape(SmallRepository(parent / "clone"), made.precious, parent / "clone/.dvc/cache")
    shutil.copytree(made.cache, found.cache)
    identify(found.repository)
    found.repository.run("dvc", "checkout", "--quiet")
    return found


def shared(parent, kind):
    made = new_shape(parent)
    made.cache.rename(parent / "shared")
    made.repository.run("dvc", "cache", "dir", "--local", str(parent / "shared"))
    made.repository.run("dvc", "config", "--local", "cache.type", kind)
    made.repository.run("dvc", "checkout", "--relink", "--quiet")
    made.cache = parent / "shared"
    made.codes = {"gc": 2, "gc --apply": 2}
    return made
