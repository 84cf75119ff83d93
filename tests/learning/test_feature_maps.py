import numpy as np
import pytest
import torch
from torch import nn

from cellarena.learning.feature_maps import Layer, by_resolution, feature_maps, first_filters, most_varied
from cellarena.learning.tiny_training import fit_tiny
from tiny import TARGET, discs


def layer(name, size):
    return Layer(name, np.zeros((2, size, size), np.float32))


def test_the_maps_are_what_the_convolutions_put_out():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 2, 2, stride=2)).eval()
    pixels = np.random.default_rng(0).random((8, 12, 3), np.float32)
    first, second = feature_maps(network, pixels)
    batch = torch.from_numpy(np.moveaxis(pixels, -1, 0)[None].copy())
    np.testing.assert_array_equal(first.maps, network[0](batch)[0].detach().numpy())
    np.testing.assert_array_equal(second.maps, network(batch)[0].detach().numpy())
    assert [(one.name, one.size) for one in (first, second)] == [("0", (8, 12)), ("2", (4, 6))]
    assert not any(module._forward_hooks for module in network.modules())


def test_hooks_are_gone_even_where_the_network_fails():
    network = nn.Sequential(nn.Conv2d(3, 2, 3), nn.Linear(7, 1))
    with pytest.raises(RuntimeError):
        feature_maps(network, np.zeros((8, 8, 3), np.float32))
    assert not any(module._forward_hooks for module in network.modules())


def test_a_network_without_convolutions_is_refused():
    with pytest.raises(ValueError, match="no convolution"):
        feature_maps(nn.Sequential(nn.Linear(3, 1), nn.Flatten()), np.zeros((3, 3, 3), np.float32))


def test_of_each_resolution_the_last_layer_is_shown_on_the_way_down_and_up():
    layers = [layer(name, size) for name, size in zip("abcdefgh", (32, 32, 16, 8, 8, 16, 32, 32), strict=True)]
    assert [one.name for one in by_resolution(layers)] == ["b", "c", "e", "f", "h"]
    assert [one.name for one in by_resolution([layer("a", 8), layer("b", 8)])] == ["b"]


def test_filters_are_summed_over_the_channels_of_the_input():
    network = nn.Sequential(nn.Conv2d(3, 2, 3, bias=False))
    with torch.no_grad():
        network[0].weight[:] = (
            torch.arange(2.0)[:, None, None, None] + torch.tensor([0.0, 1.0, 5.0])[None, :, None, None]
        )
    summed = first_filters(network, feature_maps(network, np.zeros((4, 4, 3), np.float32)))
    np.testing.assert_array_equal(summed, np.stack([np.full((3, 3), 6.0), np.full((3, 3), 9.0)]))


def test_the_maps_that_vary_most_keep_their_order():
    maps = np.zeros((4, 2, 2), np.float32)
    maps[0, 0, 0], maps[2, 0, 0], maps[3, 0, 0] = 1, 9, 3
    assert most_varied(maps, 2).tolist() == [2, 3]
    assert most_varied(maps, 8).tolist() == [0, 1, 2, 3]


def test_the_tiny_network_learns_and_its_seed_decides_over_its_weights():
    images = [discs(0), discs(1)]
    first, same, other = (fit_tiny(images, TARGET, 30, seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(first[name], same[name]) for name in first)
    assert not torch.equal(first["conv1.weight"], other["conv1.weight"])
    layers = feature_maps(fit_tiny(images, TARGET, 60, 0), normalised(discs(2).image))
    found = layers[-1].maps.argmax(axis=0) > 0
    assert [len(one.maps) for one in layers] == [8, 8, 3]
    assert (found == (discs(2).labels > 0)).mean() > 0.9


def normalised(image):
    return ((image - image.mean()) / image.std()).astype(np.float32)


def test_without_images_the_tiny_network_is_refused():
    with pytest.raises(ValueError, match="train subset is empty"):
        fit_tiny([], TARGET, 1, 0)
