"""MAUNet on ImageNet weights: narrow encoders stand in for the published ones, made the same way."""

import hashlib
import shlex
import subprocess
import sys
from collections import OrderedDict

import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import save_file

from cellarena.faults import IntegrityError
from cellarena.models import maunet, maunet_wide
from cellarena.models.maunet import RESNET50, MAUNet
from cellarena.models.maunet_wide import WIDE_RESNET50
from cellarena.models.networks.resnet import BLOCKS, ResNetEncoder
from cellarena.models.spec import MODELS
from cellarena.models.weights.imagenet import Standardised
from cellarena.models.weights.pretrained import Published, conversion

DECLARED = {
    "optimizer": "adamw", "learning_rate": 0.001, "weight_decay": 0.01, "augmentation": "strong",
    "normalisation": "unit", "foreground": 0, "width": 8, "features": 8, "weights": "", "weights_sha256": "",
}  # fmt: skip
HASH = "1" * 64
MEMBERS = pytest.mark.parametrize(("name", "widening"), [("maunet", 1), ("maunet_wide", 2)])


@pytest.fixture(autouse=True)
def published(monkeypatch):
    monkeypatch.setattr(maunet, "_PUBLISHED_WIDTH", 8)
    monkeypatch.setattr(maunet, "RESNET50", Published("https://example.org/resnet50-11111111.pth", HASH))
    monkeypatch.setattr(maunet_wide, "WIDE_RESNET50", Published("https://example.org/wide-11111111.pth", HASH[:8]))


def whole(widening):
    """Return the state of a whole classifier, all four layers of it."""
    torch.manual_seed(5)
    state = ResNetEncoder(8, BLOCKS, widening).state_dict()
    return {**state, "fc.weight": torch.rand(10, 256), "fc.bias": torch.rand(10)}


def settings(path, **changes):
    named = {"weights": str(path), "weights_sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    return MAUNet.model_validate(DECLARED | named | changes)


def started(name, hyperparameters):
    torch.manual_seed(0)
    network = MODELS[name].build(hyperparameters, 5).eval()
    MODELS[name].start(hyperparameters, network)
    return network


def saved(weights, path, origin=HASH):
    save_file(weights, path, {"sha256": origin})
    return path


@MEMBERS
def test_the_encoder_starts_from_the_file(name, widening, tmp_path):
    weights = whole(widening)
    state = started(name, settings(saved(weights, tmp_path / "imagenet.safetensors"))).encoder.state_dict()
    assert all(torch.equal(tensor, weights[key]) for key, tensor in state.items())
    assert ("layer4.0.conv1.weight" in state) is (name == "maunet")


def test_a_file_whose_norms_did_not_count_their_batches_will_do(tmp_path):
    weights = {key: tensor for key, tensor in whole(1).items() if "num_batches" not in key}
    state = started("maunet", settings(saved(weights, tmp_path / "imagenet.safetensors"))).encoder.state_dict()
    assert torch.equal(state["layer4.2.bn3.running_mean"], weights["layer4.2.bn3.running_mean"])


@MEMBERS
def test_the_encoder_alone_sees_images_as_imagenet_had_them(name, widening, tmp_path):
    network = started(name, settings(saved(whole(widening), tmp_path / "imagenet.safetensors")))
    seen = {}
    network.encoder.register_forward_pre_hook(lambda _, images: seen.update(encoder=images[0]))
    network.skips[0].register_forward_pre_hook(lambda _, images: seen.update(skip=images[0]))
    images = torch.ones(1, 3, 32, 32) * torch.tensor([0.0, 0.5, 1.0]).view(1, 3, 1, 1)
    with torch.inference_mode():
        network(images)
    # Green has the mean 0.456 and the standard deviation 0.224: a half is 0.044 above the mean.
    assert seen["encoder"][0, :, 0, 0].tolist() == pytest.approx([-2.117904, 0.196429, 2.64], abs=1e-5)
    assert torch.equal(seen["skip"], images)


def test_without_a_file_the_encoder_sees_the_images_and_keeps_its_fresh_weights():
    hyperparameters = MAUNet.model_validate(DECLARED)
    torch.manual_seed(0)
    fresh = MODELS["maunet"].build(hyperparameters, 5).state_dict()
    network = started("maunet", hyperparameters)
    assert all(torch.equal(tensor, fresh[key]) for key, tensor in network.state_dict().items())
    assert not [module for module in network.modules() if isinstance(module, Standardised)]


def test_a_trained_network_needs_the_file_no_longer(tmp_path):
    path = saved(whole(1), tmp_path / "imagenet.safetensors")
    hyperparameters, images = settings(path), torch.rand(1, 3, 32, 32)
    trained = started("maunet", hyperparameters)
    path.unlink()
    again = MODELS["maunet"].build(hyperparameters, 5).eval()
    again.load_state_dict(trained.state_dict())
    with torch.inference_mode():
        assert torch.equal(again(images), trained(images))
    with pytest.raises(FileNotFoundError, match=r"models\.maunet\.weights is to hold resnet50-11111111\.pth: download"):
        started("maunet", hyperparameters)


def test_a_pickle_is_converted_with_the_command_that_the_error_gives(tmp_path, monkeypatch):
    path = tmp_path / "resnet50-11111111.pth"
    # As torchvision has it: an ordered dictionary of parameters.
    weights = whole(1)
    torch.save(
        OrderedDict((k, torch.nn.Parameter(t) if t.is_floating_point() else t) for k, t in weights.items()), path
    )
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(ValueError, match=f"sha256 is {found}, expected {HASH}; a pickle is not opened here: download"):
        started("maunet", settings(path))
    monkeypatch.setattr(maunet, "RESNET50", Published(f"https://example.org/{path.name}", found[:8]))
    with pytest.raises(ValueError, match=r"is resnet50-11111111\.pth indeed, its sha256 is right") as refused:
        started("maunet", settings(path))
    assert str(refused.value).endswith(f"and convert it once: {conversion(path.name)}")
    command = shlex.split(conversion(path.name))
    subprocess.run([sys.executable, *command[1:]], cwd=tmp_path, check=True)
    state = started("maunet", settings(path.with_suffix(".safetensors"))).encoder.state_dict()
    assert all(torch.equal(tensor, weights[key]) for key, tensor in state.items())


@MEMBERS
def test_a_file_of_another_origin_is_refused(name, widening, tmp_path):
    path = saved(whole(widening), tmp_path / "imagenet.safetensors", origin="2" * 64)
    with pytest.raises(IntegrityError, match=r"was converted from 2222.*, expected (resnet50|wide)-11111111\.pth"):
        started(name, settings(path))


def test_a_file_of_another_hash_is_refused(tmp_path):
    path = saved(whole(1), tmp_path / "imagenet.safetensors")
    with pytest.raises(IntegrityError, match=r"sha256 is .*, models\.maunet\.weights_sha256 says 0000"):
        started("maunet", settings(path, weights_sha256="0" * 64))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda weights: weights.pop("layer3.5.conv2.weight"), "1 tensors differ, the first is layer3.5.conv2.weight"),
        (lambda weights: weights["conv1.weight"].fill_(float("inf")), "conv1.weight holds values that are not finite"),
        (lambda weights: weights.update({"conv1.bias": torch.zeros(8)}), "1 tensors differ, the first is conv1.bias"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(tmp_path, spoil, reason):
    weights = whole(1)
    spoil(weights)
    with pytest.raises(ValueError, match=reason):
        started("maunet", settings(saved(weights, tmp_path / "imagenet.safetensors")))


def test_weights_of_the_other_variant_do_not_fit(tmp_path):
    path = saved(whole(2), tmp_path / "imagenet.safetensors")
    with pytest.raises(ValueError, match="does not fit the network"):
        started("maunet", settings(path))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"weights": "a"}, "weights and weights_sha256 go together"),
        ({"weights_sha256": HASH}, "weights and weights_sha256 go together"),
        ({"weights": "a", "weights_sha256": HASH, "width": 16}, "published for width 8, not 16: set width to 8"),
        ({"weights": "a", "weights_sha256": HASH, "normalisation": "z_score"}, "normalisation z_score: ImageNet's"),
        ({"weights": "a", "weights_sha256": "abc"}, "String should match pattern"),
    ],
)
def test_hyperparameters_that_make_no_sense_are_refused(changes, reason):
    with pytest.raises(ValidationError, match=reason):
        MAUNet.model_validate(DECLARED | changes)


def test_the_row_says_what_the_encoder_is_and_starts_from():
    plain, pretrained = (
        MAUNet.model_validate(DECLARED | changes) for changes in ({}, {"weights": "a", "weights_sha256": HASH})
    )
    assert MODELS["maunet"].describe(plain) == "ResNet-50, first width 8, no pretrained weights"
    assert MODELS["maunet"].describe(pretrained) == "ResNet-50, first width 8, ImageNet weights"
    assert MODELS["maunet_wide"].describe(pretrained).startswith("Wide-ResNet-50 without layer4, first width 8, Image")


def test_the_hashes_are_those_in_the_published_names():
    for published in (RESNET50, WIDE_RESNET50):
        assert published.name.rpartition("-")[2] == f"{published.sha256[:8]}.pth"
