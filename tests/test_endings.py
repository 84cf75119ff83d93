"""However a command is made to end, it says so in one line, and what it had done is kept."""

import os
import signal
import subprocess

import psutil
import pytest

from workspace import wait_for

ENDLESS = 100_000
BUDGET = {"steps": ENDLESS, "crop": 32, "batch_size": 2, "validate_every": 4}


@pytest.fixture(scope="module")
def prepared(untouched, tmp_path_factory):
    """A workspace whose data wait for a training that no test sees the end of."""
    workspace = untouched.copy(tmp_path_factory.mktemp("prepared"))
    workspace.set_params(**{"acquire.simulated.images": 24, "budgets.small": BUDGET, "training.patience": ENDLESS})
    for command in (("acquire",), ("preprocess",), ("split",)):
        workspace.run("cellarena", *command)
    return workspace


def said(started):
    """Return the exit code of a process and the last line that it wrote, after which there is nothing else."""
    printed = started.communicate(timeout=60)[0]
    assert "Traceback" not in printed, printed
    return started.returncode, printed.strip().splitlines()[-1]


def training(workspace):
    """Start a training; return it when there is something that it can be continued from."""
    started = workspace.start("cellarena", "train", "unet", "real", "0")
    wait_for(lambda: kept(workspace), seconds=120)
    return started


def kept(workspace):
    return list((workspace.root / ".resume/unet-real-0").glob("*/last.ckpt"))


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGHUP, marks=pytest.mark.slow)])
def test_a_training_that_is_told_to_end_with_all_its_processes(prepared, tmp_path, number):
    workspace = prepared.copy(tmp_path)
    started = training(workspace)
    os.killpg(started.pid, number)
    assert said(started) == (130, "cellarena: interrupted")
    assert kept(workspace)


@pytest.mark.slow
def test_a_killed_helper_is_named_with_the_setting_to_lower_and_the_training_continues(prepared, tmp_path):
    workspace = prepared.copy(tmp_path)
    started = training(workspace)
    (helper,) = psutil.Process(started.pid).children()
    helper.kill()
    code, line = said(started)
    assert code == 2
    assert line.startswith("cellarena: train unet-real-0: a process that prepares crops was killed (")
    assert "lower training.workers, budgets.small.batch_size or budgets.small.crop" in line
    (state,) = kept(workspace)
    workspace.set_params(**{"budgets.small": BUDGET | {"steps": ENDLESS}})
    again = workspace.start("cellarena", "train", "unet", "real", "0")
    wait_for(lambda: state.stat().st_mtime_ns and "resumed" in again.stdout.readline(), seconds=60)
    os.killpg(again.pid, signal.SIGTERM)
    assert said(again)[0] == 130


@pytest.mark.slow
@pytest.mark.parametrize("gigabytes", [2, 6])
def test_a_lack_of_memory_is_told_with_the_setting_to_lower(prepared, tmp_path, gigabytes):
    workspace = prepared.copy(tmp_path)
    workspace.set_params(**{"budgets.small": BUDGET | {"crop": 4096, "batch_size": 64}})
    started = workspace.start("sh", "-c", f"ulimit -v {gigabytes}000000; exec cellarena train unet real 0")
    code, line = said(started)
    assert code == 2
    assert "train unet-real-0: memory ran out; lower training.workers, budgets.small.batch_size" in line


def test_a_command_that_is_told_to_end_leaves_what_was_there(prepared, tmp_path):
    workspace = prepared.copy(tmp_path)
    before = workspace.hashes("data/raw")
    workspace.set_params(**{"acquire.simulated.images": 2000})
    started = workspace.start("cellarena", "acquire")
    wait_for((workspace.root / "data/raw.partial/images").is_dir, seconds=60)
    os.killpg(started.pid, signal.SIGTERM)
    assert said(started) == (130, "cellarena: interrupted")
    assert workspace.hashes("data/raw") == before
    assert not (workspace.root / "data/raw.partial").exists()


@pytest.mark.slow
def test_what_is_to_outlive_its_terminal_does(prepared, tmp_path):
    """`nohup` lets a command ignore that the terminal closes; it still can be told to end."""
    workspace = prepared.copy(tmp_path)
    workspace.set_params(**{"acquire.simulated.images": 2000})
    started = workspace.start("sh", "-c", "trap '' HUP; exec cellarena acquire")
    wait_for((workspace.root / "data/raw.partial/images").is_dir, seconds=60)
    os.killpg(started.pid, signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        started.wait(timeout=2)
    os.killpg(started.pid, signal.SIGTERM)
    assert said(started) == (130, "cellarena: interrupted")
