import pytest
import torch
from pydantic import ValidationError

from cellarena.models.networks.lora import added_names
from cellarena.models.sac import describe, phase
from small_sac import network, settings

PHASES = {"rank": 2, "pretrain": 0.4}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"encoder": "vit_l"},
            "encoder vit_l needs a checkpoint: sam_vit_l_0b3195.pth .sha256 3adcc4315b.* from https",
        ),
        ({"rank": 4}, "rank 4 freezes an encoder that learnt nothing: set pretrain"),
        ({"pretrain": 0.4}, "pretrain 0.4 comes before low-rank updates, and rank 0 has none"),
        (
            {"rank": 4, "pretrain": 0.4, "checkpoint": "a.safetensors", "checkpoint_sha256": "0" * 64},
            "pretrain 0.4 is for an encoder from nothing",
        ),
        ({"rank": 4, "pretrain": 1}, "less than 1"),
        ({"prompts": "auto"}, "prompts auto needs SAM's own mask decoder"),
        ({"normalisation": "z_score"}, "normalisation z_score: SAM's own normalisation starts"),
        ({"checkpoint": "a.safetensors"}, "checkpoint and checkpoint_sha256 go together"),
        ({"checkpoint": "a.safetensors", "checkpoint_sha256": "abc"}, "String should match pattern"),
        ({"embedding": 100}, "multiple of 32"),
        ({"rank": -1}, "greater than or equal to 0"),
    ],
)
def test_hyperparameters_that_make_no_sense_are_refused(changes, reason):
    with pytest.raises(ValidationError, match=reason):
        settings(**changes)


def trained(net, shares, seed=0):
    """Take a real optimizer's steps at these shares and return the names of the weights that they changed."""
    hyperparameters = settings(**PHASES)
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.01, weight_decay=0.1)
    before = {name: weight.detach().clone() for name, weight in net.named_parameters()}
    torch.manual_seed(seed)
    for share in shares:
        phase(hyperparameters, net, share)
        loss = net(torch.rand(2, 3, 32, 32)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return {name for name, weight in net.named_parameters() if not torch.equal(weight, before[name])}


def base_and_updates(net):
    updates = {f"encoder.{name}" for name in added_names(net.encoder)}
    return {name for name, _ in net.named_parameters() if name.startswith("encoder.")} - updates, updates


def test_the_first_phase_trains_the_encoder_whole_and_holds_the_updates():
    net = network(**PHASES)
    base, updates = base_and_updates(net)
    changed = trained(net, [0.0, 0.2, 0.39])
    assert base <= changed
    assert not updates & changed
    assert all(not weight.any() for name, weight in net.named_parameters() if ".up_" in name)
    assert all(net.get_parameter(name).grad is None for name in updates)


def test_the_second_phase_holds_the_encoder_to_the_byte_and_trains_the_updates():
    net = network(**PHASES)
    base, updates = base_and_updates(net)
    trained(net, [0.0, 0.2])
    assert trained(net, [0.4, 0.6, 0.8]) == {name for name, _ in net.named_parameters()} - base
    assert updates


def test_what_one_optimizer_knows_of_the_first_phase_moves_nothing_in_the_second():
    net = network(**PHASES)
    base, _ = base_and_updates(net)
    seen = []
    phase_of_step = [0.0, 0.2, 0.4, 0.6, 0.8]
    net.register_forward_pre_hook(
        lambda *_: seen.append({name: net.get_parameter(name).detach().clone() for name in base})
    )
    trained(net, phase_of_step)
    assert not torch.equal(seen[0]["encoder.pos_embed"], seen[1]["encoder.pos_embed"])
    assert all(torch.equal(seen[2][name], net.get_parameter(name)) for name in base)


def test_a_gradient_from_before_the_switch_is_dropped():
    net = network(**PHASES)
    hyperparameters = settings(**PHASES)
    phase(hyperparameters, net, 0.3)
    net(torch.rand(1, 3, 32, 32)).square().mean().backward()
    assert net.encoder.pos_embed.grad is not None
    phase(hyperparameters, net, 0.4)
    assert net.encoder.pos_embed.grad is None


@pytest.mark.parametrize("changes", [{}, PHASES])
def test_a_phase_depends_on_the_share_alone(changes):
    hyperparameters = settings(**changes)

    def learning(*shares):
        net = network(**changes)
        for share in shares:
            phase(hyperparameters, net, share)
        return {name for name, weight in net.named_parameters() if weight.requires_grad}

    assert learning(0.9) == learning(0.0, 0.9) == learning(0.9, 0.9)
    assert learning(0.1) == learning(0.9, 0.1)
    assert (learning(0.1) == learning(0.9)) is not bool(changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "SAM encoder tiny, trained whole"),
        (PHASES, "SAM encoder tiny, pretrained for 40 % of the steps, then frozen with LoRA of rank 2"),
        ({"encoder": "vit_b", "rank": 4}, "SAM encoder vit_b, frozen with LoRA of rank 4"),
        (
            {"encoder": "vit_b", "rank": 4, "prompts": "auto"},
            "SAM encoder vit_b, frozen with LoRA of rank 4, its mask decoder prompted",
        ),
        ({"encoder": "vit_h"}, "SAM encoder vit_h, trained whole"),
        ({"rank": 4, "checkpoint": "a"}, "SAM encoder tiny, pretrained in another run, frozen with LoRA of rank 4"),
    ],
)
def test_the_row_says_which_encoder_it_is_and_how_it_learns(changes, words):
    if changes.get("encoder", "tiny") != "tiny" or "checkpoint" in changes:
        changes = changes | {"checkpoint": "a.safetensors", "checkpoint_sha256": "0" * 64}
    assert describe(settings(**changes)) == words
