import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from together import RECIPES, run

pytestmark = pytest.mark.slow

LEARNT_ALIKE = [name for name in RECIPES if name != "half_precision"]
_SCRIPT = Path(__file__).with_name("together.py")
_TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2")


@pytest.fixture(scope="module")
def shared(repository, tmp_path_factory):
    """The folder with what two processes made of all recipes, started by torchrun."""
    return launched(repository, tmp_path_factory.mktemp("shared"), _TORCHRUN, *RECIPES, "resumed")


def launched(repository, folder, launcher, *names):
    command = [sys.executable, *launcher, _SCRIPT, folder, "2", *names]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(_SCRIPT.parent)}
    done = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def alone(repository, tmp_path_factory):
    """Return a function that runs a recipe in this process, once, and returns the folder of the results."""
    root, before = tmp_path_factory.mktemp("alone"), Path.cwd()
    os.chdir(repository)

    @cache
    def train(name):
        run(root / name, name, 1)
        return root / name

    yield train
    os.chdir(before)


def curve(folder, metric):
    rows = (folder / "log" / "plots" / "metrics" / metric).read_text().split()
    return [float(value) for value in rows[3::2]]


@pytest.mark.parametrize("name", LEARNT_ALIKE)
def test_two_processes_learn_what_one_learns(shared, alone, name):
    together, single = shared / name, alone(name)
    assert curve(together, "train/loss.tsv") == pytest.approx(curve(single, "train/loss.tsv"), abs=1e-3)
    assert curve(together, "val/f1.tsv") == pytest.approx(curve(single, "val/f1.tsv"), abs=1e-3)


@pytest.mark.parametrize("name", [name for name in LEARNT_ALIKE if name not in {"adamw", "batch_normalisation"}])
def test_the_gradient_is_that_of_the_whole_batch(shared, alone, name):
    # AdamW hides a gradient's length, and where it is zero it makes steps of rounding errors; so do fifty batch
    # normalisations in a row.
    weights, expected = (load_file(folder / "last.safetensors") for folder in (shared / name, alone(name)))
    assert weights.keys() == expected.keys()
    for key, weight in weights.items():
        torch.testing.assert_close(weight, expected[key], atol=5e-5, rtol=0, msg=key)


def test_the_validation_scores_say_something(shared):
    assert max(curve(shared / "adamw", "val/f1.tsv")) > 0.1


def test_half_precision_is_nearly_the_same(shared, alone):
    losses = curve(shared / "half_precision", "train/loss.tsv")
    assert losses == pytest.approx(curve(alone("half_precision"), "train/loss.tsv"), rel=0.02)


def test_an_interrupted_training_of_two_processes_goes_on(shared):
    assert files(shared / "resumed") == files(shared / "adamw")


def test_each_validation_is_logged_once(shared):
    scores = json.loads((shared / "adamw" / "score.json").read_text())
    assert scores["n_steps"] == json.loads((shared / "adamw" / "log" / "metrics.json").read_text())["step"] == 24
    assert len(curve(shared / "adamw", "val/f1.tsv")) == 3


def test_training_starts_the_second_process_itself_where_no_launcher_does(shared, repository, tmp_path):
    assert files(launched(repository, tmp_path, (), "sgd") / "sgd") == files(shared / "sgd")


def files(folder):
    """Return all results and logs in a folder, by relative path."""
    paths = [path for path in folder.rglob("*") if path.is_file() and "state" not in path.relative_to(folder).parts]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
