"""A git repository with DVC, small enough to be made in a test: a data set as artifacts, a folder remote."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from dvc.repo import Repo

from cellarena.registry.repository.repository import Repository, open_repository

DVC_YAML = """artifacts:
  cells: {path: data/cells, type: dataset, desc: Two files}
  chosen: {path: 'data/${chosen.name}', type: dataset}
"""


@dataclass(frozen=True)
class SmallProject:
    """A clone in `root`; its remote is the folder `storage` beside it."""

    root: Path

    @property
    def storage(self):
        return self.root.parent / "storage"

    @property
    def repository(self) -> Repository:
        return open_repository(str(self.root), self.root.parent / "copies")

    def git(self, *arguments):
        return git(self.root, *arguments)

    def commit(self, message="More"):
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)

    def keep(self, name, **files):
        """Write files into data/NAME, track the folder with DVC and push it."""
        folder = self.root / "data" / name
        for path, content in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(content)
        with Repo(str(self.root)) as repo:
            repo.add(str(folder))
            repo.push()

    def stored(self, md5):
        """Return where the remote keeps an object."""
        return self.storage / "files" / "md5" / md5[:2] / md5[2:]


def git(folder, *arguments):
    done = subprocess.run(["git", "-C", folder, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def new_project(parent):
    root = parent / "project"
    root.mkdir(parents=True)
    (parent / "storage").mkdir()
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "config", "user.name", "Ada")
    git(root, "config", "user.email", "ada@example.org")
    Repo.init(str(root)).close()
    (root / ".dvc" / "config").write_text(
        "[core]\n    remote = storage\n    analytics = false\n['remote \"storage\"']\n    url = ../../storage\n"
    )
    (root / "dvc.yaml").write_text(DVC_YAML)
    (root / "params.yaml").write_text("chosen: {name: cells}\n")
    (root / ".gto").write_text("stages: [dev, prod]\n")
    project = SmallProject(root)
    project.keep("cells", a="one", b="two")
    project.commit("First")
    return project
