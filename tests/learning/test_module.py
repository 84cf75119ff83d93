from dataclasses import replace

import pytest
import torch
from torch import nn

from cellarena.learning.module import Segmentation
from cellarena.models.spec import MODELS
from tiny import NETWORK, TARGET, Constant, discs, recipe


class Oracle(nn.Module):
    """Knows which pixels are bright: confident interior there, confident background elsewhere."""

    def __init__(self):
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(1))

    def forward(self, images):
        bright = (images.mean(dim=1) > 0.5).float()
        return torch.stack([8 - 16 * bright, 16 * bright - 8, torch.full_like(bright, -8)], dim=1)


def module(network, **changes):
    return Segmentation(network, recipe(**changes))


def logged(network, monkeypatch, *images):
    values = {}
    tested = module(network).eval()
    monkeypatch.setattr(tested, "log", lambda name, value, **_: values.update({name: float(value)}))
    monkeypatch.setattr(Segmentation, "global_step", property(lambda _: 4))
    for image in images:
        tested.validation_step(image, 0)
    tested.on_validation_epoch_end()
    return values


def separate_discs():
    """Return discs that do not touch, so that connected pixels are objects."""
    annotated = discs(0, n=1)
    assert annotated.labels.max() == 1
    return annotated


def test_validation_scores_whole_images(monkeypatch):
    assert logged(Oracle(), monkeypatch, separate_discs()) == {"val/f1": 1.0, "step": 4.0}
    assert logged(Constant([9.0, 0.0, 0.0]), monkeypatch, separate_discs())["val/f1"] == 0.0


def test_the_score_is_the_mean_over_images_and_each_validation_is_one_of_its_own(monkeypatch):
    blind = Constant([9.0, 0.0, 0.0])
    assert logged(blind, monkeypatch, separate_discs(), discs(n=0), separate_discs())["val/f1"] == pytest.approx(1 / 3)
    tested = module(blind).eval()
    values = []
    monkeypatch.setattr(tested, "log", lambda name, value, **_: values.append(float(value)) if name == "val/f1" else 0)
    monkeypatch.setattr(Segmentation, "global_step", property(lambda _: 4))
    for image in (separate_discs(), discs(n=0)):
        tested.validation_step(image, 0)
        tested.on_validation_epoch_end()
    assert values == [0, 1]


def test_objects_at_the_border_do_not_count(monkeypatch):
    annotated = separate_discs()
    annotated.labels[:8, :8] = 7
    assert logged(Oracle(), monkeypatch, annotated)["val/f1"] == 1.0


def test_nothing_found_where_nothing_is_scores_one(monkeypatch):
    assert logged(Constant([9.0, 0.0, 0.0]), monkeypatch, discs(n=0))["val/f1"] == 1.0


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


def test_the_optimizer_takes_the_rate_of_model_and_budget_and_the_decay():
    configured = module(Oracle(), budget={"rate": 3}).configure_optimizers()
    (group,) = configured["optimizer"].param_groups
    assert group["initial_lr"] == pytest.approx(3 * NETWORK.learning_rate)
    assert group["weight_decay"] == NETWORK.weight_decay
    assert configured["lr_scheduler"]["interval"] == "step"


def test_validation_sees_one_view_although_prediction_sees_four(monkeypatch):
    batches = []
    network = Oracle()
    network.register_forward_hook(lambda *args: batches.append(len(args[1][0])))
    mirrored = recipe()
    mirrored = replace(mirrored, inference=mirrored.inference.model_copy(update={"mirror": True}))
    tested = Segmentation(network, mirrored).eval()
    monkeypatch.setattr(tested, "log", lambda *_, **__: None)
    monkeypatch.setattr(Segmentation, "global_step", property(lambda _: 4))
    tested.validation_step(separate_discs(), 0)
    assert batches == [1]


def test_a_phase_is_told_the_share_of_the_steps_that_are_done(monkeypatch):
    told = []
    phased = replace(MODELS["unet"], phase=lambda _, network, share: not told.append((network, share)))
    monkeypatch.setitem(MODELS._entries, "unet", phased)
    network = Oracle()
    for step in (0, 3, 6):
        monkeypatch.setattr(Segmentation, "global_step", property(lambda _, step=step: step))
        module(network, budget={"steps": 12}).on_train_batch_start(None, 0)
    assert told == [(network, 0), (network, 0.25), (network, 0.5)]
