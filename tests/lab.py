"""A git and DVC repository of four stages that copy text files, for real: dvc repro runs in a second or two."""

import pytest
import yaml

from workspace import ROOT, STORAGE, Workspace

STAGES = {
    "acquire": {"cmd": "mkdir -p data/raw && cp images.txt data/raw/a", "deps": ["images.txt"], "outs": ["data/raw"]},
    "split": {
        "cmd": "mkdir -p data/splits && cat data/raw/a split.txt > data/splits/train && echo test > data/splits/test",
        "deps": ["data/raw", "split.txt"], "params": ["split.seed"], "outs": ["data/splits"],
    },
    "count": {
        "cmd": "cat data/splits/train code.txt > data/counts.csv && mkdir -p metrics/more && cp data/counts.csv "
               "metrics/summary.json && cp data/counts.csv metrics/more/b.csv",
        "deps": ["data/splits/train", "code.txt"],
        "outs": ["data/counts.csv", {"metrics/summary.json": {"cache": False}}, {"metrics/more": {"cache": False}}],
    },
    "report": {
        "cmd": "mkdir -p reports && cat metrics/summary.json report.txt > reports/report.md",
        "deps": ["metrics/summary.json", "report.txt"], "outs": [{"reports/report.md": {"cache": False}}],
    },
}  # fmt: skip
KEPT = ["metrics/more", "metrics/summary.json", "reports/report.md"]
"""What git keeps."""
ARTIFACTS = {"counts": {"path": "data/counts.csv", "type": "dataset"}, "raw": {"path": "data/raw", "type": "dataset"}}


class Lab(Workspace):
    """A clone in `root`, its remote storage beside it."""

    def git(self, *arguments):
        return self.run("git", "-c", "user.name=Test", "-c", "user.email=test@example.org", *arguments).strip()

    def write(self, name, content):
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(content)

    def commit(self, message="A commit"):
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)

    def repro(self, *targets):
        self.run("dvc", "repro", "--quiet", *targets)

    def tags(self):
        return self.git("tag").split()

    def ask(self, cellarena, *arguments):
        """Call the command line within this process."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environment.items():
                patch.setenv(name, value)
            return cellarena(self.root, *arguments)

    def copy(self, parent):
        return Lab(super().copy(parent).root)

    def clone(self, folder, *options):
        """Return another clone, without the data; its remote is the same."""
        self.git("clone", "--quiet", *options, f"file://{self.root}", str(folder))
        clone = Lab(folder)
        clone.git("config", "user.name", "Test")
        clone.git("config", "user.email", "test@example.org")
        return clone


def new_lab(parent):
    """Return a lab in which everything ran, was committed and pushed to the storage."""
    lab = Lab(parent / "project")
    (parent / STORAGE).mkdir(parents=True)
    for name in ("images.txt", "split.txt", "code.txt", "report.txt"):
        lab.write(name, f"{name}\n")
    lab.write("params.yaml", (ROOT / "params.yaml").read_text())
    lab.write("dvc.yaml", yaml.safe_dump({"stages": STAGES, "artifacts": ARTIFACTS}, sort_keys=False))
    lab.write(".gitignore", "/data/\n")
    lab.write(".gto", (ROOT / ".gto").read_text())
    lab.git("init", "--quiet", "--initial-branch=main")
    lab.git("config", "user.name", "Test")
    lab.git("config", "user.email", "test@example.org")
    lab.run("dvc", "init", "--quiet")
    lab.write(
        ".dvc/config",
        f"[core]\n    remote = storage\n    analytics = false\n['remote \"storage\"']\n    url = ../../{STORAGE}\n",
    )
    lab.repro()
    lab.commit("First results")
    lab.run("dvc", "push", "--quiet")
    return lab
