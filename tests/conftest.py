import contextlib
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from filelock import FileLock
from hypothesis import settings

from cellarena.cli import main
from workspace import Workspace, new_workspace

# How long a case takes says more about who else uses the machine than about the code.
settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")


def pytest_collection_modifyitems(items):
    """Begin with what takes longest; of that with what does without the `reproduction`, which is made meanwhile."""
    items.sort(key=lambda item: (item.get_closest_marker("journey") is None, "reproduction" in item.fixturenames))


@dataclass(frozen=True)
class Reproduction:
    """The workspace after its first `dvc repro`, committed and pushed; what git saw as new before the commit.

    In `traces` lies a file for each command that ran: which modules it imported.
    """

    workspace: Workspace
    traces: Path
    ran: list[str]
    new_files: list[str]


@pytest.fixture(scope="session")
def untouched(tmp_path_factory):
    """A workspace in which nothing ran yet; to be copied, not changed."""
    return new_workspace(tmp_path_factory.mktemp("untouched"))


@pytest.fixture(scope="session")
def reproduction(untouched, tmp_path_factory):
    """The pipeline from nothing to the report; the workspace is to be copied, not changed.

    Processes that test side by side share it: the first makes it, the others wait.
    """
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder, told = shared / "reproduced", shared / "reproduced.json"
    with FileLock(shared / "reproduced.lock"):
        if not told.is_file():
            (folder / "traces").mkdir(parents=True)
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("PYTHONPATH", str(Path(__file__).parent / "traced"), prepend=os.pathsep)
                patch.setenv("CELLARENA_TRACES", str(folder / "traces"))
                done = _reproduce(untouched.copy(folder))
            told.write_text(json.dumps(done))
    return Reproduction(Workspace(folder / untouched.root.name), folder / "traces", **json.loads(told.read_text()))


def _reproduce(workspace):
    """Run the whole pipeline, commit and push; return which stages ran and what git saw as new before the commit."""
    ran, _ = workspace.repro()
    new_files = workspace.run("git", "status", "--porcelain", "--untracked-files=all").splitlines()
    workspace.run("git", "add", "--all")
    workspace.run("git", "commit", "--quiet", "--message", "First results")
    workspace.run("dvc", "push", "--quiet")
    return {"ran": ran, "new_files": new_files}


@pytest.fixture
def workspace(reproduction, tmp_path):
    """A reproduced workspace of this test's own; no process of it outlives the test."""
    copy = reproduction.workspace.copy(tmp_path)
    yield copy
    for process in copy.processes():
        with contextlib.suppress(psutil.Error):
            process.kill()


@dataclass(frozen=True)
class Outcome:
    """How a call of the command line ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def cellarena(monkeypatch, capsys):
    """Call the command line within this process, in a folder: `cellarena(folder, "split")`."""

    def call(folder, *arguments):
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["cellarena", *arguments])
        monkeypatch.setenv("COLUMNS", "200")
        capsys.readouterr()
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = stop.code or 0
        printed = capsys.readouterr()
        return Outcome(code, printed.out, printed.err)

    return call
