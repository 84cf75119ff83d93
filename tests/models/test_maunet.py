import pytest
import torch

from cellarena.models.maunet import MAUNet, build
from cellarena.models.maunet_wide import build as build_wide
from cellarena.models.networks.resnet import BLOCKS, ResNetEncoder

SMALL = MAUNet(
    optimizer="adamw", learning_rate=0.001, weight_decay=0.01, augmentation="strong", normalisation="unit",
    foreground=0, width=8, features=8, weights="", weights_sha256="",
)  # fmt: skip


@pytest.fixture(scope="module")
def published():
    """Return the encoders as published, without memory for their weights."""
    with torch.device("meta"):
        return ResNetEncoder(64, BLOCKS, widening=1), ResNetEncoder(64, BLOCKS[:-1], widening=2)


def n_weights(module):
    return sum(weight.numel() for weight in module.parameters())


def test_the_encoders_are_as_large_as_published(published):
    # ResNet-50 has 25,557,032 parameters, of which 2048 x 1000 + 1000 classify.
    assert n_weights(published[0]) == 25_557_032 - 2_049_000
    # Wide-ResNet-50-2 has 68,883,240; its layer4 has three bottlenecks of inner width 1024, and a projection.
    convolutions = (1024 + 2 * 2048) * 1024 + 3 * 9 * 1024**2 + 3 * 1024 * 2048 + 1024 * 2048
    norms = 2 * (6 * 1024 + 4 * 2048)
    assert n_weights(published[1]) == 68_883_240 - 2_049_000 - convolutions - norms


def test_weights_have_their_published_names(published):
    names = set(published[0].state_dict())
    assert {"conv1.weight", "bn1.running_mean", "layer1.0.downsample.1.bias", "layer4.2.conv3.weight"} <= names
    assert tuple(published[0].state_dict()["layer3.5.conv2.weight"].shape) == (256, 256, 3, 3)
    assert tuple(published[1].state_dict()["layer3.5.conv2.weight"].shape) == (512, 512, 3, 3)
    assert not [name for name in published[1].state_dict() if name.startswith("layer4")]


def test_feature_maps_halve_in_size():
    encoder = ResNetEncoder(8, BLOCKS, widening=1).eval()
    with torch.inference_mode():
        maps = encoder(torch.rand(1, 3, 64, 96))
    assert [m.shape[1] for m in maps] == encoder.widths == [8, 32, 64, 128, 256]
    assert [tuple(m.shape[2:]) for m in maps] == [(32, 48), (16, 24), (8, 12), (4, 6), (2, 3)]


@pytest.mark.parametrize("make", [build, build_wide])
def test_classes_and_distance_have_decoders_of_their_own_and_share_the_rest(make):
    network = make(SMALL, 5).train()
    for channels, own in ((slice(4), "classes"), (slice(4, 5), "distance")):
        network.zero_grad()
        network(torch.rand(2, 3, 32, 32))[:, channels].square().sum().backward()
        reached = {name.split(".")[0] for name, weight in network.named_parameters() if weight.grad.any()}
        assert reached == {"encoder", "skips", own}


def test_the_wide_variant_is_one_level_shallower():
    deep, wide = build(SMALL, 5), build_wide(SMALL, 5)
    assert len(deep.skips) == len(wide.skips) + 1 == 6
    assert len(deep.classes.ups) == len(wide.distance.ups) + 1 == 5


def test_one_tile_of_one_deepest_pixel_is_enough():
    with torch.inference_mode():
        output = build(SMALL, 5).eval()(torch.rand(1, 3, 32, 32))
    assert output.shape == (1, 5, 32, 32)
    assert torch.isfinite(output).all()
