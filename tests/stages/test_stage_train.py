"""A training that is killed leaves nothing behind but what it is continued from."""

import json
import re
import signal

import pytest

from cellarena.models.spec import MODELS
from cellarena.records import read_manifest
from workspace import wait_for

pytestmark = pytest.mark.journey

RUN = "unet-real-0"
STAGE = f"train@{RUN}"
WEIGHTS = f"data/checkpoints/{RUN}/model.safetensors"
ENDLESS = 100_000
LONG = {"budgets.small": {"steps": 80, "crop": 64, "batch_size": 4, "validate_every": 10}}


@pytest.fixture(scope="module")
def uninterrupted(reproduction, tmp_path_factory):
    """The hashes of what a longer training makes when nothing happens to it."""
    workspace = reproduction.workspace.copy(tmp_path_factory.mktemp("uninterrupted"))
    workspace.set_params(**LONG)
    _, printed = workspace.repro(STAGE)
    assert "resumed at step" not in printed
    assert not states(workspace)
    return workspace.hashes(f"data/checkpoints/{RUN}", f"metrics/runs/{RUN}")


@pytest.fixture
def training(workspace):
    """A workspace in which `dvc repro` of the same training runs and has validated once."""
    return validated_once(workspace, LONG)


@pytest.fixture
def endless(workspace):
    """A workspace in which a training runs that no test sees the end of."""
    endless = {"budgets.small": LONG["budgets.small"] | {"steps": ENDLESS}, "training.patience": ENDLESS}
    return validated_once(workspace, LONG | endless)


def validated_once(workspace, params):
    """Start `dvc repro` of a training; return when it has validated once."""
    workspace.set_params(**params)
    started = workspace.start("dvc", "repro", STAGE)
    wait_for(lambda: states(workspace), seconds=180)
    return workspace, started


def states(workspace):
    """Return what interrupted trainings of the run would be continued from."""
    return list((workspace.root / ".resume" / RUN).glob("*/last.ckpt"))


def trainer_of(workspace):
    return next(p for p in workspace.processes() if "train" in p.cmdline() and "dvc" not in p.cmdline())


def assert_no_trace(workspace):
    wait_for(lambda: not workspace.processes(), seconds=10)
    assert not (workspace.root / "data/checkpoints" / RUN).exists()
    assert not (workspace.root / "data/checkpoints" / f"{RUN}.partial").exists()


def assert_continues(workspace, uninterrupted):
    _, printed = workspace.repro(STAGE)
    assert "resumed at step" in printed
    assert workspace.hashes(f"data/checkpoints/{RUN}", f"metrics/runs/{RUN}") == uninterrupted
    assert not states(workspace)
    assert workspace.repro(STAGE)[0] == []


def test_a_killed_dvc_leaves_no_orphan_and_the_training_continues(training, uninterrupted):
    workspace, started = training
    started.kill()
    started.wait()
    assert_no_trace(workspace)
    assert_continues(workspace, uninterrupted)


def test_a_killed_trainer_fails_the_stage_and_continues(training, uninterrupted):
    workspace, started = training
    trainer_of(workspace).kill()
    printed = started.communicate(timeout=60)[0]
    assert started.returncode != 0
    assert STAGE in printed
    assert_no_trace(workspace)
    assert_continues(workspace, uninterrupted)


@pytest.fixture(scope="module")
def interrupted(reproduction, tmp_path_factory):
    """A workspace after Ctrl-C during a training that was started by hand: exit code and all that was printed."""
    workspace = reproduction.workspace.copy(tmp_path_factory.mktemp("interrupted"))
    workspace.set_params(**LONG)
    started = workspace.start("cellarena", "train", "unet", "real", "0")
    wait_for(lambda: states(workspace), seconds=180)
    started.send_signal(signal.SIGINT)
    printed = started.communicate(timeout=30)[0]
    return workspace, started.returncode, printed


def test_ctrl_c_ends_a_training_with_130_and_leaves_the_earlier_checkpoint(interrupted, reproduction):
    workspace, code, printed = interrupted
    assert code == 130
    assert printed.endswith("cellarena: interrupted\n")
    assert "Traceback" not in printed
    checkpoint = f"data/checkpoints/{RUN}"
    assert workspace.hashes(checkpoint) == reproduction.workspace.hashes(checkpoint)
    assert states(workspace)


def test_an_interrupted_training_does_not_continue_with_another_parameter(interrupted, cellarena, tmp_path):
    workspace = interrupted[0].copy(tmp_path)
    workspace.set_params(**{"models.unet.learning_rate": 0.01, "budgets.small.steps": 10})
    outcome = cellarena(workspace.root, "train", "unet", "real", "0")
    assert outcome.code == 0
    assert "resumed at step" not in outcome.out
    assert re.findall(r"^step +(\d+) ", outcome.out, re.MULTILINE) == ["10"]
    assert not states(workspace)


@pytest.fixture
def before_fitting(interrupted, cellarena, tmp_path, monkeypatch):
    """Return the interrupted workspace, and a function that starts its training and stops it before it learns."""

    def stop(*_):
        raise ValueError("stopped")

    monkeypatch.setattr("cellarena.learning.fit.fit", stop)
    workspace = interrupted[0].copy(tmp_path)
    return workspace, lambda: cellarena(workspace.root, "train", "unet", "real", "0")


@pytest.mark.parametrize("subset", ["train", "val"])
@pytest.mark.parametrize("file", ["image", "labels"])
def test_an_interrupted_training_does_not_continue_on_other_data(before_fitting, subset, file):
    workspace, train = before_fitting
    record = read_manifest(workspace.root / f"data/splits/{subset}.csv")[-1]
    path = workspace.root / "data/preprocessed" / getattr(record, file)
    path.write_bytes(path.read_bytes() + b" ")
    assert train().err.endswith("stopped\n")
    assert not states(workspace)


def test_an_interrupted_training_waits_for_as_long_as_nothing_changes(before_fitting):
    workspace, train = before_fitting
    assert train().err.endswith("stopped\n")
    assert states(workspace)


def test_an_unknown_model_is_said_in_one_line(workspace, cellarena):
    outcome = cellarena(workspace.root, "train", "nosuch", "real", "0")
    assert outcome.code == 2
    assert outcome.err == f"cellarena: unknown model 'nosuch'; known: {', '.join(MODELS)}\n"


def test_a_missing_manifest_is_said_in_one_line(workspace, cellarena):
    (workspace.root / "data/splits/train.csv").unlink()
    outcome = cellarena(workspace.root, "train", "unet", "real", "0")
    assert outcome.code == 2
    assert outcome.err.startswith("cellarena: data/splits/train.csv: ")
    assert "dvc repro" in outcome.err
    assert outcome.err.count("\n") == 1


def test_the_state_of_a_training_is_told_while_it_runs_and_after_it_was_killed(endless):
    workspace, started = endless
    told = []

    def a_step_is_told():
        told.append(state_of_training(workspace))
        return told[-1]["step"]

    # The log follows the state that the training would be continued from.
    wait_for(a_step_is_told, seconds=180)
    running = told[-1]
    assert running["state"] == "running"
    assert 10 <= running["step"] <= running["n_steps"] == ENDLESS
    started.kill()
    started.wait()
    wait_for(lambda: not workspace.processes(), seconds=10)
    killed = state_of_training(workspace)
    assert killed["state"] == "interrupted"
    assert killed["step"] >= running["step"]


def state_of_training(workspace):
    runs = json.loads(workspace.run("cellarena", "status", "--json"))["runs"]
    return next(run["steps"]["train"] for run in runs if run["run"] == RUN)
