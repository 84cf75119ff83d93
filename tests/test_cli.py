"""Exit codes and messages of the command line."""

import errno
import re
import shutil
import signal

import click
import pytest
import yaml

from cellarena import cli
from cellarena.faults import IntegrityError, PartialError, SecurityError
from workspace import ROOT, Workspace, wait_for


@pytest.fixture
def project(tmp_path):
    """A folder with params.yaml and nothing else."""
    shutil.copy(ROOT / "params.yaml", tmp_path / "params.yaml")
    return Workspace(tmp_path)


def a_command_that_raises(monkeypatch, error):
    @click.command()
    def floor():
        raise error

    monkeypatch.setattr(cli.Commands, "get_command", lambda *_: floor)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ValueError("a wrong value"), 2),
        (FileNotFoundError("a missing file"), 2),
        (PartialError("some items"), 3),
        (IntegrityError("other bytes"), 4),
        (SecurityError("a refused input"), 5),
        (MemoryError("no more was given"), 2),
    ],
)
def test_an_expected_fault_is_one_line_and_its_exit_code(project, cellarena, monkeypatch, error, code):
    a_command_that_raises(monkeypatch, error)
    outcome = cellarena(project.root, "plan")
    assert (outcome.code, outcome.err) == (code, f"cellarena: {error}\n")


def test_memory_that_runs_out_without_a_word_is_told(project, cellarena, monkeypatch):
    a_command_that_raises(monkeypatch, MemoryError())
    outcome = cellarena(project.root, "plan")
    assert outcome.code == 2
    assert outcome.err.startswith("cellarena: out of memory; ")


@pytest.mark.parametrize("interruption", [KeyboardInterrupt(), click.exceptions.Abort()])
def test_an_interruption_is_130(project, cellarena, monkeypatch, interruption):
    a_command_that_raises(monkeypatch, interruption)
    outcome = cellarena(project.root, "plan")
    assert (outcome.code, outcome.err.strip()) == (130, "cellarena: interrupted")


def test_an_unexpected_fault_shows_itself(project, cellarena, monkeypatch):
    a_command_that_raises(monkeypatch, ZeroDivisionError("a bug"))
    with pytest.raises(ZeroDivisionError):
        cellarena(project.root, "plan")


@pytest.mark.parametrize("asked_by", ["option", "environment"])
def test_debug_shows_the_traceback_and_keeps_the_exit_code(project, cellarena, monkeypatch, asked_by):
    a_command_that_raises(monkeypatch, IntegrityError("other bytes"))
    if asked_by == "environment":
        monkeypatch.setenv("CELLARENA_DEBUG", "1")
    options = ["--debug"] if asked_by == "option" else []
    outcome = cellarena(project.root, *options, "plan")
    assert outcome.code == 4
    assert "Traceback (most recent call last)" in outcome.err
    assert outcome.err.endswith("cellarena: other bytes\n")


def test_a_wrong_parameter_is_one_line_that_names_it(project, cellarena):
    project.set_params(**{"models.unet.width": 4})
    outcome = cellarena(project.root, "grid")
    assert outcome.code == 2
    assert outcome.err == "cellarena: models.unet.width: Input should be greater than or equal to 8\n"


def test_outside_a_project_the_way_out_is_said(tmp_path, cellarena):
    outcome = cellarena(tmp_path, "acquire")
    assert outcome.code == 2
    assert outcome.err == "cellarena: params.yaml not found here; run cellarena in the folder that holds dvc.yaml\n"


def test_help_tells_what_every_stage_and_every_other_command_does_in_a_whole_sentence(tmp_path, cellarena):
    outcome = cellarena(tmp_path, "--help")
    assert outcome.code == 0
    told = [
        dict(re.findall(r"^  (\S+)  +(.*(?:\n {4,}.*)*)$", part, re.MULTILINE))
        for part in outcome.out.split("Commands:")[1].split("Stages, which dvc repro runs:")
    ]
    commands, stages = told
    assert {stage["cmd"].split()[1] for stage in _stages()} <= set(stages)
    assert {"release", "segment", "review"} <= set(commands)
    assert all(sentence.endswith(".") for part in told for sentence in part.values())


def _stages():
    content = yaml.safe_load((ROOT / "dvc.yaml").read_text())
    return [stage.get("do", stage) for stage in content["stages"].values()]


def test_version_is_that_of_the_package(tmp_path, cellarena):
    assert cellarena(tmp_path, "--version").out == "cellarena, version 0.1.0\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nosuch",), "No such command 'nosuch'"),
        (("train", "unet", "real"), "Missing argument 'SEED'"),
        (("train", "unet", "real", "-1"), "No such option '-1'"),
        (("train", "unet", "real", "one"), "'one' is not a valid integer"),
        (("predict", "../unet", "real", "0"), "'../unet' cannot name a model or an arm"),
    ],
)
def test_wrong_arguments_are_refused(project, cellarena, arguments, said):
    outcome = cellarena(project.root, *arguments)
    assert outcome.code == 2
    assert said in outcome.err


def test_an_unknown_source_lists_those_there_are(project, cellarena):
    project.set_params(**{"acquire.source": "nosuch"})
    outcome = cellarena(project.root, "acquire")
    assert outcome.code == 2
    assert outcome.err == "cellarena: unknown source 'nosuch'; known: bbbc038, folder, neurips22, simulated\n"


def test_ctrl_c_leaves_with_130_and_no_half_data(project):
    project.set_params(**{"acquire.simulated.images": 500})
    started = project.start("cellarena", "acquire")
    partial = project.root / "data/raw.partial"
    wait_for(lambda: list(partial.glob("images/*")), seconds=30)
    started.send_signal(signal.SIGINT)
    printed = started.communicate(timeout=30)[0]
    assert (started.returncode, printed.strip()) == (130, "cellarena: interrupted")
    assert list((project.root / "data").iterdir()) == []


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "a.tiff"),
            "a.tiff: No space left on device; free disk space",
        ),
        (OSError(errno.EACCES, "Permission denied", "a.tiff"), "a.tiff: Permission denied; change its permissions"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "b"), "b: No such file or directory; run `dvc"),
        (OSError(errno.EIO, "Input/output error"), "Input/output error\n"),
    ],
)
def test_a_fault_of_the_system_names_its_file_first_and_the_way_out(project, cellarena, monkeypatch, error, line):
    a_command_that_raises(monkeypatch, error)
    outcome = cellarena(project.root, "plan")
    assert outcome.code == 2
    assert outcome.err.startswith(f"cellarena: {line}")
    assert outcome.err.count("\n") == 1
