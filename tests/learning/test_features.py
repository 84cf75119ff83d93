"""Features are those of the network's coarsest maps, whatever the network is."""

import numpy as np
import pytest
import torch
from torch import nn

from cellarena.learning.checkpoints import Model, build_network
from cellarena.learning.features import Encoder
from cellarena.models.spec import MODELS
from cellarena.params.mirror import load_params
from tiny import NETWORK, TARGET
from workspace import ROOT

CROPS = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), np.uint8)


class Funnel(nn.Module):
    """Halves its input twice, looks at one pixel of all, and ends at the input's size."""

    def __init__(self):
        super().__init__()
        self.first = nn.AvgPool2d(2)
        self.second = nn.AvgPool2d(2)
        self.deepest = nn.Identity()
        self.whole = nn.AdaptiveAvgPool2d(1)
        self.end = nn.Conv2d(3, 3, 1)
        self.n_ends = 0

    def forward(self, images):
        deep = self.deepest(2 * self.second(self.first(images)))
        self.n_ends += 1
        return self.end(images) + self.whole(deep)


def model(network):
    return Model(network.eval(), NETWORK, TARGET, {})


def test_they_are_mean_and_deviation_of_the_last_of_the_coarsest_maps():
    found = Encoder(model(Funnel()), (64, 64)).features(CROPS)
    blocks = CROPS.reshape(3, 16, 4, 16, 4, 3).mean(axis=(2, 4)).reshape(3, 256, 3) / 255 * 2
    expected = np.concatenate([blocks.mean(axis=1), blocks.std(axis=1)], axis=1)
    assert found == pytest.approx(expected, abs=1e-5)


def test_the_rest_of_the_network_does_not_run():
    network = Funnel()
    encoder = Encoder(model(network), (64, 64))
    network.n_ends = 0
    network.end.register_forward_hook(lambda *_: pytest.fail("the end ran"))
    encoder.features(CROPS)


def test_a_crop_has_the_same_features_alone_and_among_others():
    torch.manual_seed(0)
    encoder = Encoder(model(build_network("unet", NETWORK, TARGET)), (64, 64))
    together = encoder.features(CROPS)
    assert encoder.features(CROPS[1:2])[0] == pytest.approx(together[1], abs=1e-4)
    assert not np.allclose(together[0], together[1])


def test_crops_of_another_size_are_refused():
    encoder = Encoder(model(Funnel()), (64, 64))
    with pytest.raises(ValueError, match=r"crops are \(32, 64\), the encoder was made for \(64, 64\)"):
        encoder.features(CROPS[:, :32])


def test_a_network_without_maps_is_refused():
    class Flat(nn.Linear):
        def forward(self, images):
            return images.flatten(1)

    with pytest.raises(ValueError, match="no feature maps of more than one pixel"):
        Encoder(model(Flat(1, 1)), (64, 64))


@pytest.mark.parametrize("name", sorted(set(MODELS) - {"nnunet"}))
def test_every_network_has_coarsest_maps(name):
    params = load_params(ROOT / "params.yaml")
    hyperparameters, target = getattr(params.models, name), getattr(params.targets, MODELS[name].target)
    network = build_network(name, hyperparameters, target).eval()
    size = hyperparameters.frame(64)
    found = Encoder(Model(network, hyperparameters, target, {}), size).features(CROPS[:2])
    assert found.shape[0] == 2
    assert found.shape[1] >= 32
    assert np.isfinite(found).all()
    assert not np.allclose(found[0], found[1])
