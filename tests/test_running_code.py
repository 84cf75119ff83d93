"""The code that runs is the code of the project that a command is called in, wherever the program was installed."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import cellarena
from workspace import Workspace

INSTALLED = Path(cellarena.__file__).parent
COMMAND = """import subprocess, sys, click, cellarena


@click.command()
def floor():
    {}
"""
SAYS = COMMAND.format("print(cellarena.__file__, *sys.argv[1:])")


def project_in(root, with_package=True, says=SAYS):
    """Return a project whose `cellarena floor` says which package runs."""
    root.mkdir(parents=True)
    (root / "dvc.yaml").write_text("stages: {}\n")
    (root / ".dvc").mkdir()
    if with_package:
        shutil.copytree(INSTALLED, root / "src/cellarena", ignore=shutil.ignore_patterns("__pycache__"))
        (root / "src/cellarena/stages/floor.py").write_text(says)
    return Workspace(root)


def package_of(workspace):
    return f"{workspace.root / 'src/cellarena/__init__.py'}"


def test_in_a_project_its_own_package_runs_and_so_does_whatever_it_starts(tmp_path):
    child = "[sys.executable, '-c', 'import cellarena; print(cellarena.__file__)']"
    says = COMMAND.format(f"subprocess.run({child}); print(cellarena.__file__, *sys.argv[1:])")
    project = project_in(tmp_path / "clone", says=says)
    child, own = project.run("cellarena", "floor").splitlines()
    assert (own, child) == (f"{package_of(project)} floor", package_of(project))


@pytest.mark.parametrize("inside", ["data", "deep/er"])
def test_a_folder_of_the_project_is_the_project(tmp_path, inside):
    project = project_in(tmp_path / "Zellen ü #1, 50%" / "clone")
    (project.root / inside).mkdir(parents=True)
    assert Workspace(project.root / inside).run("cellarena", "floor").split(".py")[0] in package_of(project)


def test_the_nearest_project_counts(tmp_path):
    outer = project_in(tmp_path / "clone")
    copied = project_in(outer.root / ".dvc/tmp/exps/standalone/tmpabc")
    other = project_in(outer.root / "other", with_package=False)
    assert copied.run("cellarena", "floor").split()[0] == package_of(copied)
    assert other.run("cellarena", "--version") == "cellarena, version 0.1.0\n"


def test_a_call_from_one_project_into_another_runs_the_code_of_the_other(tmp_path):
    first, second = project_in(tmp_path / "first"), project_in(tmp_path / "second")
    calls = COMMAND.format(f"subprocess.run(['cellarena', 'floor'], cwd={str(second.root)!r})")
    (first.root / "src/cellarena/stages/floor.py").write_text(calls)
    assert first.run("cellarena", "floor").split()[0] == package_of(second)


def test_a_link_to_the_installed_package_is_no_other_code(tmp_path):
    project = project_in(tmp_path / "clone", with_package=False)
    (project.root / "src").mkdir()
    (project.root / "src/cellarena").symlink_to(INSTALLED)
    assert project.run("cellarena", "--version") == "cellarena, version 0.1.0\n"


@pytest.mark.parametrize("name", ["with:colon", "stubborn"])
def test_where_the_own_package_cannot_run_both_are_named(tmp_path, name):
    project = project_in(tmp_path / name)
    # A colon ends a folder in PYTHONPATH; a program may put its own folder before all others.
    program = tmp_path / "cellarena"
    first = f"sys.path.insert(0, {str(INSTALLED.parent)!r})\n" if name == "stubborn" else ""
    program.write_text(f"import sys\n{first}from cellarena.cli import main\nmain()\n")
    command = [sys.executable, str(program), "floor"]
    done = subprocess.run(
        command, cwd=project.root, env=project.environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (4, "", 1)
    assert str(project.root / "src/cellarena") in done.stderr
    assert str(INSTALLED) in done.stderr
    assert "make setup" in done.stderr


def test_a_program_that_calls_the_command_line_from_within_goes_on(tmp_path, cellarena):
    project = project_in(tmp_path / "clone")
    assert cellarena(project.root, "--version").code == 0


STAGES = {"floor": {"cmd": "cellarena floor > made.txt", "deps": ["src/cellarena/stages/floor.py"],
                    "outs": [{"made.txt": {"cache": False}}]}}  # fmt: skip
ANSWERS = COMMAND.format("print({!r})")


@pytest.fixture
def pipeline(tmp_path):
    """A clone whose only stage writes what its code says; the environment's program belongs to another folder."""
    workspace = project_in(tmp_path / "clone", says=ANSWERS.format("first"))
    (workspace.root / ".dvc").rmdir()
    (workspace.root / "dvc.yaml").write_text(yaml.safe_dump({"stages": STAGES}))
    (workspace.root / ".gitignore").write_text("__pycache__/\n")
    (workspace.root / ".dvcignore").write_text("__pycache__\n")
    workspace.run("git", "init", "--quiet", "--initial-branch=main")
    workspace.run("git", "config", "user.name", "Test")
    workspace.run("git", "config", "user.email", "test@example.org")
    workspace.run("dvc", "init", "--quiet")
    workspace.run("dvc", "repro", "--quiet")
    commit(workspace)
    return workspace


def commit(workspace):
    workspace.run("git", "add", "--all")
    workspace.run("git", "commit", "--quiet", "--message", "A commit")


def edit(workspace, answer):
    (workspace.root / "src/cellarena/stages/floor.py").write_text(ANSWERS.format(answer))


@pytest.mark.parametrize("way", ["--temp", "--queue"])
def test_an_experiment_with_an_edit_of_the_code_has_the_result_of_the_edit(pipeline, way):
    edit(pipeline, "edited")
    pipeline.run("dvc", "exp", "run", way, "--name", "tried")
    if way == "--queue":
        # It is what was edited when it was queued, not what is edited while it waits.
        edit(pipeline, "edited again")
        pipeline.run("dvc", "exp", "run", "--run-all")
    experiment = pipeline.run("git", "for-each-ref", "--format=%(refname)", "refs/exps/**/tried").strip()
    assert pipeline.run("git", "show", f"{experiment}:made.txt") == "edited\n"
    # What DVC remembers of it is the same: one code has one result, wherever it ran.
    edit(pipeline, "edited")
    pipeline.run("dvc", "repro", "--quiet")
    assert (pipeline.root / "made.txt").read_text() == "edited\n"
    pipeline.run("git", "checkout", "--quiet", ".")
    pipeline.run("dvc", "repro", "--quiet", "--force")
    assert (pipeline.root / "made.txt").read_text() == "first\n"


@pytest.mark.parametrize("way", [["worktree", "add", "--quiet", "--detach"], ["clone", "--quiet", "."]])
def test_a_worktree_and_a_second_clone_run_their_own_code(pipeline, way):
    other = Workspace(pipeline.root.parent / "other")
    pipeline.run("git", *way, str(other.root))
    edit(other, "elsewhere")
    other.run("dvc", "repro", "--quiet")
    assert (other.root / "made.txt").read_text() == "elsewhere\n"
    assert (pipeline.root / "made.txt").read_text() == "first\n"
