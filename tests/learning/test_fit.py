import json
import os
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save

from cellarena import termination
from cellarena.learning import tuning
from cellarena.learning.fit import fit
from cellarena.models.spec import MODELS
from cellarena.seeds import generator
from cellarena.targets.three_class import ThreeClass
from tiny import TARGET, discs, recipe


def curve(log, name):
    rows = (log / "plots" / "metrics" / name).read_text().split()
    return dict(zip(rows[2::2], rows[3::2], strict=True))


def test_the_same_seed_ends_in_the_same_bytes_and_the_same_log(train):
    first, second, other = train("a"), train("b"), train("c", seed=1)
    assert save(first.last) == save(second.last)
    assert save(first.best) == save(second.best)
    assert (first.score, first.step) == (second.score, second.step)
    assert train.log_of("a") == train.log_of("b")
    assert save(first.last) != save(other.last)


def test_what_was_drawn_before_a_training_changes_nothing(train):
    first = train("a")
    torch.rand(7)
    np.random.default_rng().random(7)
    generator(0, "crop", 0).random(7)
    assert save(first.last) == save(train("b").last)


def test_the_log_counts_steps_done(train):
    fitted = train("a")
    assert list(curve(train.log("a"), "train/loss.tsv")) == ["2", "4", "6"]
    scores = curve(train.log("a"), "val/f1.tsv")
    assert list(scores) == ["2", "4", "6"]
    metrics = json.loads((train.log("a") / "metrics.json").read_text())
    assert metrics["step"] == fitted.n_steps == 6
    assert float(scores[str(fitted.step)]) == pytest.approx(fitted.score) == max(map(float, scores.values()))


def test_the_best_weights_are_those_of_the_best_validation(train, monkeypatch):
    scores = iter([0.2, 0.7, 0.7])
    monkeypatch.setattr(tuning, "f1", lambda _: next(scores))
    whole = train("a")
    monkeypatch.setattr(tuning, "f1", lambda _: 0.0)
    upto_best = train("b", training={"patience": 1})
    assert (whole.step, whole.score) == (4, pytest.approx(0.7))
    assert upto_best.n_steps == 4
    assert save(whole.best) == save(upto_best.last)
    assert save(whole.best) != save(whole.last)


def test_patience_is_counted_in_validations(train, monkeypatch):
    monkeypatch.setattr(tuning, "f1", lambda _: 0.5)
    fitted = train("a", budget={"steps": 12}, training={"patience": 2})
    assert (fitted.n_steps, fitted.step) == (6, 2)


def test_validations_of_a_phase_that_prepares_do_not_count(train, monkeypatch):
    monkeypatch.setattr(tuning, "f1", lambda _: 0.5)
    prepared = replace(MODELS["unet"], phase=lambda _hyperparameters, _network, share: share >= 0.5)
    monkeypatch.setitem(MODELS._entries, "unet", prepared)
    fitted = train("a", budget={"steps": 20}, training={"patience": 2})
    assert (fitted.n_steps, fitted.step) == (16, 12)


def test_a_loss_that_falls_shows_in_the_log(train):
    train("a", budget={"steps": 40, "validate_every": 10})
    losses = [float(loss) for loss in curve(train.log("a"), "train/loss.tsv").values()]
    assert losses[-1] < 0.8 * losses[0]


class NanAtThirdStep(ThreeClass):
    """A target whose loss stops being a number where its batch says so."""

    def loss(self, output, target):
        calls.append(1)
        return super().loss(output, target) * (float("nan") if len(calls) == 3 else 1)


calls: list[int] = []


def test_a_loss_that_is_not_finite_names_the_step(train):
    calls.clear()
    target = NanAtThirdStep(**TARGET.model_dump())
    with pytest.raises(ValueError, match="the loss is nan at step 2; lower the learning rate"):
        train("a", target=target)


class NanGradientAtLastStep(ThreeClass):
    """A target whose loss is a number while its gradient is none."""

    def loss(self, output, target):
        calls.append(1)
        spoilt = torch.where(output > 1e9, torch.sqrt(-output.detach().abs() * output), output)
        return super().loss(output if len(calls) < 6 else spoilt, target)


def test_weights_that_are_not_finite_are_no_result(train):
    calls.clear()
    target = NanGradientAtLastStep(**TARGET.model_dump())
    with pytest.raises(ValueError, match="the weights are not finite after step 6; lower the learning rate"):
        train("a", target=target)


@pytest.mark.parametrize(("n_train", "n_val"), [(0, 1), (1, 0)])
def test_an_empty_subset_is_refused(tmp_path, n_train, n_val):
    images = [discs(0)]
    with pytest.raises(ValueError, match=f"to learn from and to validate on, got {n_train} and {n_val}"):
        fit(recipe(), images[:n_train], images[:n_val], tmp_path / "state", tmp_path / "log")


def test_an_accelerator_that_is_absent_is_no_fallback(train, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match="training.accelerator: cuda is not available on this machine"):
        train("a", training={"accelerator": "cuda"})


def test_images_without_objects_can_be_trained_and_validated_on(train):
    empty = discs(n=0)
    fitted = train("a", images=[empty, discs(1)], held_out=[empty])
    assert fitted.n_steps == 6
    assert 0 <= fitted.score <= 1


@pytest.fixture
def _heeded(monkeypatch):
    """What the command line does at its start, undone after the test."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)}
    monkeypatch.setattr(termination, "_told", [])
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    termination.heed_termination()
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("_heeded")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_interrupts_and_leaves_ctrl_c_working(train, number):
    # A shell's background job starts with Ctrl+C ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)

    def interrupt(step):
        if step == 3:
            os.kill(os.getpid(), number)

    with pytest.raises(KeyboardInterrupt):
        train("a", at_step=interrupt)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
    assert train("a").n_steps == 6


def test_the_number_of_workers_changes_nothing(train):
    alone, helped = train("a"), train("b", training={"workers": 2})
    assert save(alone.last) == save(helped.last)
    assert train.log_of("a") == train.log_of("b")


@pytest.fixture
def spec(monkeypatch):
    """Return a function that gives the U-Net the hooks of other models."""
    plain = MODELS["unet"]
    return lambda **hooks: monkeypatch.setitem(MODELS._entries, "unet", replace(plain, **hooks))


def test_a_network_starts_from_given_weights_once_and_not_when_it_is_resumed(train, spec):
    started = []

    def start(hyperparameters, network):
        started.append(hyperparameters)
        for weight in network.parameters():
            torch.nn.init.zeros_(weight)

    spec(start=start)
    fitted = train("a", budget={"rate": 1e-6})
    assert started == [recipe().hyperparameters]
    assert max(float(weight.abs().max()) for weight in fitted.last.values()) < 1e-3
    stop_at_step(train, "b", 3)
    assert len(started) == 2
    train("b")
    assert len(started) == 2


def stop_at_step(train, name, n):
    def interrupt(step):
        if step == n:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        train(name, at_step=interrupt)


def test_a_phase_decides_before_each_step_what_learns(train, spec):
    shares = []

    def phase(hyperparameters, network, share):
        shares.append(share)
        for name, weight in network.named_parameters():
            weight.requires_grad_(("weight" in name) == (share < 0.5))
            weight.grad = None
        return True

    spec(phase=phase)
    fitted = train("a", budget={"validate_every": 3})
    assert shares == pytest.approx([0, 1 / 6, 1 / 3, 1 / 2, 2 / 3, 5 / 6])
    assert fitted.step == 3
    changed = {name for name, last in fitted.last.items() if not torch.equal(last, fitted.best[name])}
    assert changed == {name for name in fitted.last if "weight" not in name}


def test_weights_of_a_phase_that_only_prepares_are_not_kept(train, spec):
    spec(phase=lambda _hyperparameters, _network, share: share >= 0.5)
    assert train("a", budget={"validate_every": 2}).step in {4, 6}


def test_weights_come_back_in_the_usual_layout(train):
    fitted = train("a")
    assert all(weight.is_contiguous() for weights in (fitted.best, fitted.last) for weight in weights.values())
    assert fitted.seconds > 0


def test_a_model_takes_crops_and_batches_of_its_own(train):
    shapes = []

    class Own(type(recipe().hyperparameters)):
        def frame(self, side):
            return side, 2 * side

        def batch_size(self, n_crops):
            return n_crops + 1

    class Watched(ThreeClass):
        def loss(self, output, target):
            shapes.append((tuple(output.shape), tuple(target.shape)))
            return super().loss(output, target)

    own = Own(**recipe().hyperparameters.model_dump())
    train("a", hyperparameters=own, target=Watched(**TARGET.model_dump()))
    assert set(shapes) == {((3, 3, 32, 64), (3, 32, 64))}
