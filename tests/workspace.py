"""A throw-away git and DVC repository that holds this project's pipeline in small."""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import yaml

ROOT = Path(__file__).parent.parent
STORAGE = "cellarena-storage"
"""The folder beside a workspace that .dvc/config names as the remote."""

SMALL = {
    "budget": "small",
    "acquire.simulated.images": 24,
    "budgets.small": {"steps": 8, "crop": 32, "batch_size": 2, "validate_every": 4},
    "budgets.smoke": {"steps": 4, "crop": 32, "batch_size": 2, "validate_every": 2},
    "models.unet.width": 8,
    "models.unet.levels": 3,
    "training.accelerator": "cpu",
    "benchmark.models": ["unet", "otsu"],
    "benchmark.ensembles": [],
    "seeds": [0],
    "study": {"models": ["unet"], "arms": ["repeat"]},
    "visuals.steps": 5,
}
_TRACKED = (
    ".dvc/.gitignore", ".dvc/config", ".dvc/plots", ".dvcignore", ".gitignore", ".gto", "dvc.yaml", "inbox",
    "params.yaml", "src",
)  # fmt: skip


@dataclass(frozen=True)
class Workspace:
    """A checkout in `root`; commands see the environment's programs and no configuration of the machine."""

    root: Path

    @property
    def environment(self):
        own = {name: value for name, value in os.environ.items() if not name.startswith(("DVC_", "GIT_"))}
        aside = self.root.parent / "machine"
        return own | {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "OMP_WAIT_POLICY": "PASSIVE",
            "COLUMNS": "200",
            "DVC_NO_ANALYTICS": "1",
            "DVC_GLOBAL_CONFIG_DIR": str(aside / "global"),
            "DVC_SYSTEM_CONFIG_DIR": str(aside / "system"),
            "DVC_SITE_CACHE_DIR": str(aside / "site"),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
        }

    def run(self, *command, code=0):
        """Run a command to its end and return its standard output; its exit code must be `code`."""
        done = subprocess.run(
            command, cwd=self.root, env=self.environment, capture_output=True, text=True, encoding="utf-8", check=False
        )
        assert done.returncode == code, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def start(self, *command):
        """Start a command in a session of its own; standard error goes the way of standard output."""
        # A shell that starts a job in the background makes it ignore Ctrl-C, and so all that it starts.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return subprocess.Popen(
                command, cwd=self.root, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                text=True, start_new_session=True,
            )  # fmt: skip
        finally:
            signal.signal(signal.SIGINT, before)

    def repro(self, *targets):
        """Return which stages `dvc repro` ran, and all it printed."""
        printed = self.run("dvc", "repro", *targets)
        return stages_run(printed), printed

    def is_up_to_date(self):
        return self.run("dvc", "status").strip() == "Data and pipelines are up to date."

    def set_params(self, **values):
        """Change params.yaml; a dot in a name leads into a section."""
        path = self.root / "params.yaml"
        content = yaml.safe_load(path.read_text())
        for dotted, value in values.items():
            *sections, last = dotted.split(".")
            section = content
            for name in sections:
                section = section[name]
            section[last] = value
        path.write_text(yaml.safe_dump(content, sort_keys=False))

    def copy(self, parent):
        """Return a copy in another folder, its remote storage beside it."""
        for name in (self.root.name, STORAGE):
            if (self.root.parent / name).is_dir():
                shutil.copytree(self.root.parent / name, parent / name, symlinks=True)
        return Workspace(parent / self.root.name)

    def hashes(self, *folders):
        """Return the sha256 of every file in these folders, by relative path."""
        files = sorted(path for folder in folders for path in (self.root / folder).rglob("*") if path.is_file())
        assert files, folders
        return {path.relative_to(self.root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    def processes(self):
        """Return the living processes that work in this checkout."""
        found = []
        for process in psutil.process_iter():
            try:
                alive = process.status() != psutil.STATUS_ZOMBIE
                if alive and Path(process.cwd()).is_relative_to(self.root):
                    found.append(process)
            except psutil.Error:
                continue
        return found


def new_workspace(parent):
    """Return a checkout of this project in small, one commit old, with an empty remote storage beside it."""
    root = parent / "project"
    for name in _TRACKED:
        source, target = ROOT / name, root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy(source, target)
    (parent / STORAGE).mkdir()
    workspace = Workspace(root)
    workspace.set_params(**SMALL)
    workspace.run("git", "init", "--quiet", "--initial-branch=main")
    workspace.run("git", "config", "user.name", "Test")
    workspace.run("git", "config", "user.email", "test@example.org")
    workspace.run("git", "add", "--all")
    workspace.run("git", "commit", "--quiet", "--message", "The pipeline")
    workspace.run("cellarena", "plots-page")
    return workspace


def stages_run(printed):
    """Return the stages that DVC ran, from what it printed."""
    return re.findall(r"^Running stage '(.+)':", printed, re.MULTILINE)


def wait_for(condition, seconds):
    """Return the first true value of `condition()`; fail if there is none in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {condition}")
