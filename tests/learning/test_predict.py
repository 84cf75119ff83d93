import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import INFERENCE, TARGET, Constant
from torch import nn

from cellarena.learning.predict import activations, segment
from cellarena.learning.recipe import Inference
from cellarena.targets.spec import Target
from cellarena.targets.three_class import INTERIOR


class AsItIs(Target):
    """A target whose activation changes nothing."""

    n_channels = 3

    def activate(self, output):
        return output


class Sigmoid(Target):
    """A target of one probability."""

    n_channels = 1

    def activate(self, output):
        return output.sigmoid()


class Copy(nn.Module):
    """Puts out its input; counts the largest batch it saw."""

    def __init__(self):
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(1))
        self.largest = 0
        self.modes = set()

    def forward(self, images):
        self.largest = max(self.largest, len(images))
        self.modes.add(torch.is_grad_enabled())
        return images


class ByTile(nn.Module):
    """Puts out one value a tile, the next of a list for each, so that averaging shows."""

    def __init__(self, *values):
        super().__init__()
        self.values = nn.Parameter(torch.tensor(values))
        self.n_seen = 0

    def forward(self, images):
        chosen = self.values[self.n_seen : self.n_seen + len(images)]
        self.n_seen += len(images)
        return chosen[:, None, None, None].expand(-1, 1, *images.shape[2:])


def noise(*shape):
    return np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 150), st.integers(1, 150), st.sampled_from([0.0, 0.25, 0.5, 0.75]))
def test_a_network_that_copies_gives_the_image_back(height, width, overlap):
    image = noise(height, width)
    output = activations(Copy(), AsItIs(), image, Inference(tile=64, overlap=overlap, batch_size=3))
    assert output.dtype == np.float32
    np.testing.assert_allclose(output, np.moveaxis(image, -1, 0) / 255, atol=2e-6)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (33, 5), (64, 64), (65, 63), (129, 200)])
def test_probabilities_sum_to_one_at_every_size(shape):
    torch.manual_seed(0)
    network = nn.Conv2d(3, 3, 3, padding=1)
    output = activations(network, TARGET, noise(*shape), INFERENCE)
    assert output.shape == (3, *shape)
    np.testing.assert_allclose(output.sum(axis=0), 1, atol=1e-5)
    assert segment(network, TARGET, noise(*shape), INFERENCE).shape == shape


def test_tiles_are_seamless_where_the_network_sees_enough():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 3, 3, padding=1))
    image = noise(160, 192)
    tiled = activations(network, TARGET, image, INFERENCE)
    with torch.inference_mode():
        batch = torch.from_numpy(np.moveaxis(image, -1, 0)[None].astype(np.float32) / 255)
        at_once = network(batch).softmax(dim=1)[0].numpy()
    # A tile's own edge is zero-padded, but weighs next to nothing beside the neighbour that sees past it.
    difference = np.abs(tiled - at_once)[:, 8:-8, 8:-8]
    assert difference.max() < 1e-2
    assert difference.mean() < 1e-4


def test_probabilities_are_averaged_not_logits():
    logits = (-8.0, 8.0)
    output = activations(ByTile(*logits), Sigmoid(), noise(64, 96), INFERENCE)[0]
    output = output[32]
    assert output[47:49].mean() == pytest.approx(0.5, abs=0.001)
    assert output[40] == pytest.approx(gaussian_share(40), rel=0.02)


def gaussian_share(column):
    """Return the second tile's share where tiles of 64 at columns 0 and 32 overlap, by hand."""
    sigma = 0.125 * 64
    first, second = (np.exp(-((column - start - 31.5) ** 2) / (2 * sigma**2)) for start in (0, 32))
    return second / (first + second)


def test_at_most_a_batch_of_tiles_goes_through_at_once_and_without_gradients():
    network = Copy()
    activations(network, AsItIs(), noise(200, 200), Inference(tile=64, overlap=0.5, batch_size=4))
    assert network.largest == 4
    assert network.modes == {False}


def test_a_confident_network_is_decoded():
    output = [0.0, 0.0, 0.0]
    output[INTERIOR] = 9.0
    assert (segment(Constant(output), TARGET, noise(40, 90), INFERENCE) == 1).all()
    assert not segment(Constant([9.0, 0.0, 0.0]), TARGET, noise(40, 90), INFERENCE).any()


class Two(Copy):
    """Puts out a tuple."""

    def forward(self, images):
        return images, images


def test_a_network_that_puts_out_no_tensor_is_named_as_the_fault():
    with pytest.raises(TypeError, match="the network puts out tuple, expected one tensor"):
        activations(Two(), TARGET, noise(8, 8), INFERENCE)
