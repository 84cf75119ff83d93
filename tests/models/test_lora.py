import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from cellarena.models.networks.lora import LowRankQkv, adapt, added_names, merge
from cellarena.models.networks.sac import encode
from cellarena.models.networks.segment_anything import image_encoder

EMBEDDING, DEPTH = 32, 2


def tiny(seed=0):
    torch.manual_seed(seed)
    encoder = image_encoder(
        image_size=32, patch=8, embedding=EMBEDDING, depth=DEPTH, heads=2, channels=8, window=2, global_blocks=(1,)
    )
    # SAM starts its position tables at zero, which would hide a mistake in their use.
    with torch.no_grad():
        for name, weight in encoder.named_parameters():
            if "pos" in name:
                weight.normal_(std=0.1)
    return encoder


def shaken(encoder, seed=1):
    """Give every update a size that can be seen."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for block in encoder.blocks:
            for update in (block.attn.qkv.up_q, block.attn.qkv.up_v):
                update.normal_()


@pytest.fixture
def images():
    return torch.rand(2, 3, 32, 64, generator=torch.Generator().manual_seed(0))


def test_a_fresh_adaptation_changes_nothing(images):
    encoder = tiny()
    before = encode(encoder, images)
    adapt(encoder, rank=4)
    assert torch.equal(encode(encoder, images), before)


def test_the_gradient_reaches_up_at_once_and_down_after_one_step(images):
    encoder = tiny()
    adapt(encoder, rank=4)
    layers = [block.attn.qkv for block in encoder.blocks]
    before = encode(encoder, images).detach()
    optimizer = torch.optim.SGD([p for p in encoder.parameters() if p.requires_grad], lr=1.0)
    encode(encoder, images).square().mean().backward()
    assert all(layer.up_q.grad.abs().sum() > 0 and layer.up_v.grad.abs().sum() > 0 for layer in layers)
    assert all(layer.down_q.grad.abs().sum() == 0 and layer.down_v.grad.abs().sum() == 0 for layer in layers)
    optimizer.step()
    optimizer.zero_grad()
    encode(encoder, images).square().mean().backward()
    assert all(layer.down_q.grad.abs().sum() > 0 and layer.down_v.grad.abs().sum() > 0 for layer in layers)
    assert not torch.equal(encode(encoder, images), before)


def test_training_leaves_the_base_as_it_was(images):
    encoder = tiny()
    adapt(encoder, rank=4)
    before = {name: tensor.clone() for name, tensor in encoder.state_dict().items()}
    optimizer = torch.optim.AdamW(encoder.parameters(), lr=0.1, weight_decay=0.1)
    for _ in range(2):
        encode(encoder, images).square().mean().backward()
        optimizer.step()
    changed = {name for name, tensor in encoder.state_dict().items() if not torch.equal(tensor, before[name])}
    assert changed == added_names(encoder)


@pytest.mark.parametrize("rank", [1, 4, 9])
def test_the_number_of_trainable_weights_is_that_of_the_formula(rank):
    encoder = tiny()
    adapt(encoder, rank)
    trainable = {name: p.numel() for name, p in encoder.named_parameters() if p.requires_grad}
    assert sum(trainable.values()) == DEPTH * 2 * 2 * rank * EMBEDDING
    assert set(trainable) == added_names(encoder)


def test_the_merged_encoder_does_what_the_adapted_one_does(images):
    encoder = tiny()
    adapt(encoder, rank=4)
    shaken(encoder)
    adapted = encode(encoder, images)
    merge(encoder)
    assert all(type(block.attn.qkv) is nn.Linear for block in encoder.blocks)
    assert added_names(encoder) == set()
    torch.testing.assert_close(encode(encoder, images), adapted, rtol=1e-4, atol=1e-4)


def test_the_base_keeps_its_names():
    plain, encoder = tiny().state_dict(), tiny()
    adapt(encoder, rank=2)
    assert set(encoder.state_dict()) - added_names(encoder) == set(plain)


def test_queries_and_values_are_updated_and_keys_are_not():
    base = nn.Linear(2, 6)
    with torch.no_grad():
        base.weight.zero_()
        base.bias.copy_(torch.arange(6.0))
    layer = LowRankQkv(base, rank=1)
    with torch.no_grad():
        layer.down_q.copy_(torch.tensor([[1.0, 0.0]]))
        layer.up_q.copy_(torch.tensor([[10.0], [20.0]]))
        layer.down_v.copy_(torch.tensor([[0.0, 1.0]]))
        layer.up_v.copy_(torch.tensor([[100.0], [200.0]]))
    # x = (1, 2): queries gain 1 x (10, 20), values 2 x (100, 200).
    assert layer(torch.tensor([1.0, 2.0])).tolist() == [10, 21, 2, 3, 204, 405]


@settings(max_examples=25, deadline=None)
@given(channels=st.integers(1, 8), rank=st.integers(1, 6), seed=st.integers(0, 99))
def test_any_layer_merges_into_one_that_does_the_same(channels, rank, seed):
    torch.manual_seed(seed)
    layer = LowRankQkv(nn.Linear(channels, 3 * channels).double(), rank).double()
    with torch.no_grad():
        layer.up_q.normal_()
        layer.up_v.normal_()
    tokens = torch.randn(2, 5, channels, dtype=torch.float64)
    torch.testing.assert_close(layer.merged()(tokens), layer(tokens))


def test_the_start_of_down_is_that_of_a_linear_layer():
    layer = LowRankQkv(nn.Linear(64, 192), rank=8)
    bound = 1 / math.sqrt(64)
    for down in (layer.down_q, layer.down_v):
        assert 0.9 * bound < down.abs().max() <= bound


@pytest.mark.parametrize("base", [nn.Linear(4, 8), nn.Linear(4, 12, bias=False)])
def test_another_layer_is_refused(base):
    with pytest.raises(ValueError, match="expected a layer of D to 3 D channels with a bias"):
        LowRankQkv(base, rank=1)


def test_no_rank_is_refused():
    with pytest.raises(ValueError, match="rank 0 is below 1"):
        LowRankQkv(nn.Linear(4, 12), rank=0)
