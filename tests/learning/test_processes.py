import pytest
import torch
from torch import nn

from cellarena.learning.checkpoints import build_network
from cellarena.learning.processes import (
    WholeBatchNorm2d,
    WholeBatchStatistics,
    check_processes,
    reveal_all_that_learns,
    whole_batch,
    whole_mean,
)
from cellarena.models.sac import SAC
from tiny import NETWORK, TARGET, recipe


@pytest.mark.parametrize(
    ("training", "n_val", "reason"),
    [
        (
            {"devices": 3},
            9,
            r"training\.devices 3 x training\.nodes 1 = 3 processes cannot share a batch of 8 crops evenly",
        ),
        ({"devices": 2, "nodes": 8}, 99, "= 16 processes cannot share a batch of 8 crops"),
        ({"devices": 2, "nodes": 2}, 3, "= 4 processes need as many images to validate on, there are 3"),
    ],
)
def test_what_does_not_go_round_is_refused(training, n_val, reason):
    with pytest.raises(ValueError, match=reason):
        check_processes(recipe(budget={"batch_size": 8}, training=training), n_val)


def test_what_goes_round_is_not():
    check_processes(recipe(budget={"batch_size": 8}, training={"devices": 2, "nodes": 2}), 4)
    check_processes(recipe(budget={"batch_size": 7}), 1)


@pytest.mark.parametrize(("started", "devices"), [("2", 1), ("1", 2), ("4", 2)])
def test_a_launcher_that_started_another_number_is_refused(monkeypatch, started, devices):
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "x")
    monkeypatch.setenv("WORLD_SIZE", started)
    with pytest.raises(ValueError, match=f"torchrun started {started} processes, but training.devices {devices} x "):
        check_processes(recipe(training={"devices": devices}), 9)


def test_devices_that_are_absent_are_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    for accelerator, reason in (("cuda", "this machine has 1 CUDA devices"), ("mps", "MPS is one device")):
        with pytest.raises(ValueError, match=reason):
            check_processes(recipe(training={"devices": 2, "accelerator": accelerator}), 9)
        check_processes(recipe(training={"accelerator": accelerator}), 9)


def test_one_process_alone_is_the_whole():
    part = torch.randn(3, 2)
    assert whole_batch(part) is part
    assert float(whole_mean([0.25, 0.75, 0.5], torch.device("cpu"))) == 0.5


def test_batch_normalisation_is_turned_and_back_and_alone_it_is_the_same():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Sequential(nn.BatchNorm2d(4)))
    names, images = list(network.state_dict()), torch.randn(2, 3, 8, 8)
    expected = network(images)
    turned = WholeBatchStatistics().apply(network)
    assert [type(layer) for layer in (turned[1], turned[2][0])] == [WholeBatchNorm2d] * 2
    torch.testing.assert_close(turned(images), expected)
    assert list(turned.state_dict()) == names
    assert [type(layer) for layer in WholeBatchStatistics().revert(turned).modules()].count(nn.BatchNorm2d) == 2


def test_all_that_learns_in_some_phase_is_shown_to_begin_with():
    shared = NETWORK.model_dump(exclude={"width", "levels", "residual_units"})
    for pretrain, whole in ((0.5, True), (0.0, False)):
        checkpoint = {"checkpoint": "" if pretrain else "x", "checkpoint_sha256": "" if pretrain else 64 * "0"}
        hyperparameters = SAC(
            **shared, encoder="tiny", rank=2, pretrain=pretrain, **checkpoint, enlarge=1, embedding=64, depth=2,
            width=8, prompts="none",
        )  # fmt: skip
        network = build_network("sac", hyperparameters, TARGET)
        reveal_all_that_learns(recipe(model="sac", hyperparameters=hyperparameters), network)
        assert all(weight.requires_grad for weight in network.parameters()) == whole
        assert all(weight.requires_grad for name, weight in network.named_parameters() if ".down_" in name)
