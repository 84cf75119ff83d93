import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny import BUDGET, INFERENCE, TARGET, TRAINING, Constant, discs
from torch import nn

from cellarena.learning.module import Segmentation, warm_cosine


class Oracle(nn.Module):
    """Knows which pixels are bright: confident interior there, confident background elsewhere."""

    def __init__(self):
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(1))

    def forward(self, images):
        bright = (images.mean(dim=1) > 0.5).float()
        return torch.stack([8 - 16 * bright, 16 * bright - 8, torch.full_like(bright, -8)], dim=1)


def module(network, rate=0.1):
    return Segmentation(network, TARGET, rate, BUDGET, TRAINING, INFERENCE, seed=0)


def logged(network, batch, monkeypatch):
    values = {}
    tested = module(network).eval()
    monkeypatch.setattr(tested, "log", lambda name, value, **_: values.update({name: float(value)}))
    monkeypatch.setattr(Segmentation, "global_step", property(lambda _: 4))
    tested.validation_step(batch, 0)
    return values


def separate_discs():
    """Return discs that do not touch, so that connected pixels are objects."""
    annotated = discs(0, n=1)
    assert annotated.labels.max() == 1
    return annotated


def test_validation_scores_whole_images(monkeypatch):
    assert logged(Oracle(), separate_discs(), monkeypatch) == {"val/f1": 1.0, "step": 4.0}
    assert logged(Constant([9.0, 0.0, 0.0]), separate_discs(), monkeypatch)["val/f1"] == 0.0


def test_objects_at_the_border_do_not_count(monkeypatch):
    annotated = separate_discs()
    annotated.labels[:8, :8] = 7
    assert logged(Oracle(), annotated, monkeypatch)["val/f1"] == 1.0


def test_nothing_found_where_nothing_is_scores_one(monkeypatch):
    assert logged(Constant([9.0, 0.0, 0.0]), discs(n=0), monkeypatch)["val/f1"] == 1.0


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_names_step_and_remedy(monkeypatch, value):
    monkeypatch.setattr(Segmentation, "global_step", property(lambda _: 17))
    monkeypatch.setattr(type(TARGET), "loss", lambda *_: torch.tensor(value))
    with pytest.raises(ValueError, match=f"the loss is {value} at step 17; lower the learning rate"):
        module(Oracle()).training_step((torch.zeros(1, 3, 32, 32), torch.zeros(1, 32, 32)), 0)


def test_each_step_draws_from_its_own_stream(monkeypatch):
    drawn = {}
    for step in (0, 1, 0, 1):
        monkeypatch.setattr(Segmentation, "global_step", property(lambda _, step=step: step))
        module(Oracle()).on_train_batch_start(None, 0)
        drawn.setdefault(step, set()).add(float(torch.rand(())))
        torch.rand(step)
    assert [len(values) for values in drawn.values()] == [1, 1]
    assert drawn[0] != drawn[1]


def test_whole_images_stay_where_they_are():
    annotated = discs()
    assert module(Oracle()).transfer_batch_to_device(annotated, torch.device("meta"), 0) is annotated


def test_the_optimizer_takes_rate_and_decay():
    configured = module(Oracle(), rate=0.1).configure_optimizers()
    (group,) = configured["optimizer"].param_groups
    assert (group["initial_lr"], group["weight_decay"]) == (0.1, TRAINING.weight_decay)
    assert configured["lr_scheduler"]["interval"] == "step"


def test_the_rate_rises_and_falls():
    factors = [warm_cosine(100, 0.1)(step) for step in range(100)]
    assert factors[:10] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1])
    assert factors[10] == 1
    assert factors[55] == pytest.approx(0.5)
    assert factors[10:] == sorted(factors[10:], reverse=True)


@given(st.integers(1, 500), st.floats(0, 0.99), st.integers(0, 600))
def test_the_rate_is_always_positive_and_at_most_the_highest(steps, warmup, step):
    assert 0 < warm_cosine(steps, warmup)(step) <= 1
