"""Shapes that a git repository with a DVC project in it takes in ordinary life, each made by git and DVC themselves.

A shape is a function with the decorator; what deletes or publishes is tried in every one by test_shapes.py. The shapes
are in shapes_of_places.py, shapes_of_history.py and shapes_of_trouble.py.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

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
