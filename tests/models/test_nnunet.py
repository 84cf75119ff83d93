"""The network that a plan of nnU-Net describes."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from monai.networks.nets import DynUNet
from torch import nn

from cellarena.learning.checkpoints import load_weights, save_weights
from cellarena.learning.supervision import supervised_loss
from cellarena.models.nnunet import NNUNet, network_from
from cellarena.models.planning.nnunet_plan import Plan, Planning, plan
from cellarena.models.spec import MODELS
from cellarena.params.mirror import load_params


def small(strides=((1, 1), (2, 2), (2, 2), (2, 1)), features=(4, 8, 16, 16), channels=3):
    """Return a plan of few features, so that a test takes no time."""
    return Plan(
        patch=(32, 16), batch=2, strides=strides, kernels=((3, 3),) * len(strides), features=features,
        normalisation=("z_score",) * channels,
    )  # fmt: skip


PARAMS = load_params(Path(__file__).parent.parent.parent / "params.yaml")


def layers(module, kind):
    return [layer for layer in module.modules() if isinstance(layer, kind)]


def test_the_output_has_the_size_of_the_patch():
    made = plan([(96, 64)] * 100, 2, 3, Planning(memory_gb=8, features=32))
    network = network_from(made, 5).eval()
    with torch.inference_mode():
        assert network(torch.rand(1, 2, *made.patch)).shape == (1, 5, *made.patch)


@pytest.mark.parametrize("factor", [(1, 2), (3, 1), (2, 2)])
def test_every_multiple_of_the_plan_fits(factor):
    made = small()
    size = [step * times for step, times in zip(made.multiple, factor, strict=True)]
    assert made.multiple == (8, 4)
    with torch.inference_mode():
        assert network_from(made, 3).eval()(torch.rand(2, 3, *size)).shape == (2, 3, *size)


def test_stages_and_features_are_those_of_the_plan():
    made = plan([(256, 256)] * 1000, 3, 3, Planning(memory_gb=8, features=32))
    network = network_from(made, 3)
    down = [[layer.out_channels for layer in layers(stage, nn.Conv2d)] for stage in network.encoder]
    up = [[layer.out_channels for layer in layers(stage, nn.Conv2d)] for stage in network.decoder]
    assert down == [[features] * 2 for features in made.features]
    assert up == [[features] * 2 for features in made.features[-2::-1]]
    assert down == [[32] * 2, [64] * 2, [128] * 2, [256] * 2, [512] * 2, [512] * 2, [512] * 2]


def test_strided_convolutions_lead_down_and_transposed_ones_up():
    made = small()
    network = network_from(made, 3)
    down = [[layer.stride for layer in layers(stage, nn.Conv2d)] for stage in network.encoder]
    up = [
        [(layer.stride, layer.kernel_size) for layer in layers(stage, nn.ConvTranspose2d)] for stage in network.decoder
    ]
    assert down == [[stride, (1, 1)] for stride in made.strides]
    assert up == [[(stride, stride)] for stride in made.strides[:0:-1]]
    assert all(layer.kernel_size == (3, 3) for stage in network.encoder for layer in layers(stage, nn.Conv2d))
    assert all(layer.bias is not None for layer in layers(network, nn.ConvTranspose2d))
    assert layers(network, (nn.MaxPool2d, nn.AvgPool2d, nn.Upsample, nn.Dropout)) == []


def test_norm_and_activation_follow_every_convolution():
    network = network_from(small(), 3)
    n_convolutions = 2 * (4 + 3)
    norms = layers(network, nn.InstanceNorm2d)
    assert len(norms) == n_convolutions
    assert all(norm.affine and norm.eps == 1e-5 and not norm.track_running_stats for norm in norms)
    used = []
    for layer in layers(network, nn.LeakyReLU):
        layer.register_forward_hook(lambda layer, *_: used.append(layer.negative_slope))
    network.eval()(torch.rand(1, 3, 32, 16))
    assert used == [0.01] * n_convolutions


def test_training_puts_out_every_resolution_but_the_coarsest_of_the_decoder():
    outputs = network_from(small(), 3).train()(torch.rand(2, 3, 32, 16))
    assert [tuple(output.shape) for output in outputs] == [(2, 3, 32, 16), (2, 3, 16, 8)]
    shallow = small(strides=((1, 1), (2, 2), (2, 2)), features=(4, 8, 16))
    assert len(network_from(shallow, 3).train()(torch.rand(2, 3, 32, 16))) == 1


def test_the_finest_output_of_training_is_that_of_evaluation():
    network = network_from(small(), 3)
    images = torch.rand(2, 3, 32, 16)
    assert torch.equal(network.train()(images)[0], network.eval()(images))


def test_the_outputs_reach_every_weight():
    network = network_from(small(), 3).train()
    sum(output.square().mean() for output in network(torch.rand(2, 3, 32, 16))).backward()
    assert [name for name, weight in network.named_parameters() if weight.grad is None] == []


def test_stages_are_joined_as_in_monais_network():
    made = small()
    network, images = network_from(made, 3).eval(), torch.rand(1, 3, 32, 16)
    theirs = DynUNet(
        2, 3, 3, made.kernels, made.strides, made.strides[1:], made.features,
        norm_name=("INSTANCE", {"affine": True}), trans_bias=True,
    ).eval()  # fmt: skip
    blocks = [theirs.input_block, *theirs.downsamples, theirs.bottleneck, *theirs.upsamples, theirs.output_block]
    for block, ours in zip(blocks, [*network.encoder, *network.decoder, network.heads[0]], strict=True):
        block.load_state_dict(ours.state_dict())
    assert torch.equal(network(images), theirs(images))


def test_weights_are_drawn_after_he_and_by_the_seed():
    made = small(features=(64, 64, 64, 64))
    torch.manual_seed(0)
    first = network_from(made, 3)
    torch.manual_seed(0)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), network_from(made, 3).parameters(), strict=True))
    convolution = layers(first.encoder[1], nn.Conv2d)[0]
    expected = (2 / (1 + 0.01**2) / (64 * 9)) ** 0.5
    assert convolution.weight.std().item() == pytest.approx(expected, rel=0.03)
    assert not any(
        layer.bias.any() for layer in layers(first, (nn.ConvTranspose2d, nn.Conv2d)) if layer.bias is not None
    )


def test_a_checkpoint_brings_back_the_same_output(tmp_path):
    made = small()
    network, images = network_from(made, 3).eval(), torch.rand(1, 3, 32, 16)
    save_weights(network.state_dict(), tmp_path / "model.safetensors")
    loaded = network_from(made, 3).eval()
    assert not torch.equal(loaded(images), network(images))
    load_weights(loaded, tmp_path / "model.safetensors")
    assert torch.equal(loaded(images), network(images))


def test_no_weight_is_kept_under_two_names():
    weights = network_from(small(), 3).state_dict()
    assert len({tensor.data_ptr() for tensor in weights.values()}) == len(weights)


def test_planning_needs_no_torch():
    modules = (
        "cellarena.models.nnunet, cellarena.models.planning.nnunet_plan, cellarena.datasets.describing.fingerprint"
    )
    subprocess.run([sys.executable, "-c", f"import {modules}, sys; assert 'torch' not in sys.modules"], check=True)


def test_its_own_recipe_stands_in_params():
    declared = PARAMS.models.nnunet
    assert declared == NNUNet(
        optimizer="sgd", learning_rate=0.01, weight_decay=3e-5, augmentation="nnunet", normalisation="z_score",
        foreground=0.33,
    )  # fmt: skip
    assert declared.plan is None


def test_crops_and_batch_are_those_of_the_plan():
    declared = PARAMS.models.nnunet.planned(small())
    assert declared.frame(256) == (32, 16)
    assert declared.batch_size(8) == 2
    assert MODELS["nnunet"].describe(declared) == "patch 32x16, batch 2, 4 stages"


def test_the_catalog_builds_the_network_of_the_plan():
    spec = MODELS["nnunet"]
    assert spec.planned
    declared = PARAMS.models.nnunet.planned(small())
    torch.manual_seed(0)
    built = spec.build(declared, 3).state_dict()
    torch.manual_seed(0)
    expected = network_from(small(), 3).state_dict()
    assert built.keys() == expected.keys()
    assert all(torch.equal(built[name], expected[name]) for name in built)


@pytest.mark.parametrize(
    "use",
    [
        lambda declared: MODELS["nnunet"].build(declared, 3),
        lambda declared: declared.frame(64),
        lambda declared: declared.batch_size(2),
    ],
)
def test_without_a_plan_there_is_one_line(use):
    with pytest.raises(ValueError, match=r"^nnunet has no plan yet; run `dvc repro plan`$"):
        use(PARAMS.models.nnunet)


def test_a_model_card_holds_the_whole_plan():
    declared = PARAMS.models.nnunet.planned(small())
    assert NNUNet.model_validate_json(declared.model_dump_json()) == declared
    assert declared.planned(small(channels=1)).plan.normalisation == ("z_score",)


def test_its_own_training_learns_by_heart():
    torch.manual_seed(0)
    target = PARAMS.targets.three_class
    network = network_from(small(), target.n_channels).train()
    images = torch.rand(2, 3, 32, 16)
    classes = (images.mean(1) * 3).long()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.99, nesterov=True)
    losses = []
    for _ in range(60):
        loss = supervised_loss(target, network(images), classes)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.75 * losses[0]


def test_images_in_black_frames_are_normalised_as_the_plan_says():
    framed = small().model_copy(update={"normalisation": ("z_score_nonzero",) * 3})
    assert PARAMS.models.nnunet.planned(framed).normalisation == "z_score_nonzero"
    assert PARAMS.models.nnunet.planned(small()).normalisation == "z_score"
