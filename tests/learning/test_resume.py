import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from cellarena.faults import SecurityError
from cellarena.learning import tuning
from cellarena.learning.fingerprints import prepare

LONG = {"steps": 10}


class InterruptionError(Exception):
    """What ends a training halfway."""


def interrupt_at(n):
    def interrupt(step):
        if step == n:
            raise InterruptionError

    return interrupt


def same(train, fitted, resumed):
    assert save(resumed.last) == save(fitted.last)
    assert save(resumed.best) == save(fitted.best)
    assert (resumed.score, resumed.step, resumed.n_steps) == (fitted.score, fitted.step, fitted.n_steps)
    assert train.log_of("resumed") == train.log_of("whole")


@pytest.mark.parametrize(("stop", "goes_on_at"), [(1, 0), (2, 2), (3, 2), (8, 8), (9, 8)])
def test_a_resumed_training_ends_as_an_uninterrupted_one(train, stop, goes_on_at):
    fitted = train("whole", budget=LONG)
    with pytest.raises(InterruptionError):
        train("resumed", at_step=interrupt_at(stop), budget=LONG)
    resumed = train("resumed", budget=LONG)
    assert train.steps == list(range(goes_on_at, 10))
    same(train, fitted, resumed)


def test_a_training_with_workers_resumes_with_the_crops_it_had_not_seen(train):
    helped = {"workers": 1}
    fitted = train("whole", budget=LONG, training=helped)
    with pytest.raises(InterruptionError):
        train("resumed", at_step=interrupt_at(5), budget=LONG, training=helped)
    same(train, fitted, train("resumed", budget=LONG, training=helped))


def test_a_training_can_be_resumed_twice_and_after_each_single_step(train):
    often = {"steps": 5, "validate_every": 1}
    fitted = train("whole", budget=often)
    for stop in (2, 4):
        with pytest.raises(InterruptionError):
            train("resumed", at_step=interrupt_at(stop), budget=often)
    resumed = train("resumed", budget=often)
    assert train.steps == [4]
    same(train, fitted, resumed)


def test_the_log_comes_back_although_dvc_removed_it(train):
    fitted = train("whole", budget=LONG)
    with pytest.raises(InterruptionError):
        train("resumed", at_step=interrupt_at(7), budget=LONG)
    for path in sorted(train.log("resumed").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    same(train, fitted, train("resumed", budget=LONG))


def test_a_resumed_training_keeps_the_best_of_before_and_its_patience(train, monkeypatch):
    scores = {2: 0.3, 4: 0.9, 6: 0.5, 8: 0.6, 10: 0.7}
    current = []
    monkeypatch.setattr(tuning, "f1", lambda _: scores[current[-1] + 1])
    settings = {"budget": LONG, "training": {"patience": 2}}
    fitted = train("whole", at_step=current.append, **settings)
    assert (fitted.step, fitted.n_steps) == (4, 8)

    def interrupt(step):
        current.append(step)
        interrupt_at(7)(step)

    with pytest.raises(InterruptionError):
        train("resumed", at_step=interrupt, **settings)
    same(train, fitted, train("resumed", at_step=current.append, **settings))


def test_a_killed_training_resumes(train, repository):
    fitted = train("whole", budget=LONG)
    script = """
import os, signal, sys
from pathlib import Path
from tiny import discs, recipe
from cellarena.learning.fit import fit
from cellarena.learning.module import Segmentation

begin = Segmentation.on_train_batch_start

def killed(module, batch, batch_idx):
    if module.global_step == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    begin(module, batch, batch_idx)

Segmentation.on_train_batch_start = killed
fit(recipe(budget={"steps": 10}), [discs(0), discs(1)], [discs(2)], Path(sys.argv[1]), Path(sys.argv[2]))
"""
    arguments = [sys.executable, "-c", script, train.state("resumed"), train.log("resumed")]
    ended = subprocess.run(
        arguments, cwd=repository, env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)}, check=False
    )
    assert ended.returncode == -signal.SIGKILL
    resumed = train("resumed", budget=LONG)
    assert train.steps == [4, 5, 6, 7, 8, 9]
    same(train, fitted, resumed)


def test_a_checkpoint_cut_short_is_no_checkpoint(train):
    fitted = train("whole", budget=LONG)
    with pytest.raises(InterruptionError):
        train("resumed", at_step=interrupt_at(5), budget=LONG)
    path = train.state("resumed") / "last.ckpt"
    path.write_bytes(path.read_bytes()[:-100])
    resumed = train("resumed", budget=LONG)
    assert train.steps == list(range(10))
    same(train, fitted, resumed)


class Canary:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_code_in_a_checkpoint_is_not_run(train, tmp_path):
    canary = tmp_path / "canary"
    torch.save({"state_dict": Canary(canary)}, train.state("a") / "last.ckpt")
    with pytest.raises(SecurityError, match=r"last\.ckpt: it is damaged or asks for more than tensors .* remove it"):
        train("a")
    assert not canary.exists()


def test_a_training_whose_seed_or_data_changed_starts_anew(train):
    with pytest.raises(InterruptionError):
        train("a/0123456789abcdef", at_step=interrupt_at(5), budget=LONG)
    state = prepare(train.state("a/0123456789abcdef").with_name("f" * 16))
    train("a/" + state.name, budget=LONG, seed=1)
    assert train.steps == list(range(10))
    assert [path.name for path in state.parent.iterdir()] == ["f" * 16]
