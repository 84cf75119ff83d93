import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from cellarena.learning.predict import Tiles, labels_and_output, segment
from cellarena.targets.three_class import INTERIOR
from plain_target import PlainTarget
from tiny import INFERENCE, NETWORK, TARGET, Constant, discs, segmenter


class AsItIs(PlainTarget):
    """A target whose activation changes nothing."""

    n_channels = 3


class Sigmoid(PlainTarget):
    """A target of one probability."""

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
    output = segmenter(Copy(), AsItIs(), overlap=overlap, batch_size=3).activations(image)
    assert output.dtype == np.float32
    np.testing.assert_allclose(output, np.moveaxis(image, -1, 0) / 255, atol=2e-6)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (33, 5), (64, 64), (65, 63), (129, 200)])
def test_probabilities_sum_to_one_at_every_size(shape):
    torch.manual_seed(0)
    network = nn.Conv2d(3, 3, 3, padding=1)
    output = segmenter(network).activations(noise(*shape))
    assert output.shape == (3, *shape)
    np.testing.assert_allclose(output.sum(axis=0), 1, atol=1e-5)
    assert segment(segmenter(network), noise(*shape)).shape == shape


def test_tiles_are_seamless_where_the_network_sees_enough():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 3, 3, padding=1))
    image = noise(160, 192)
    tiled = segmenter(network).activations(image)
    with torch.inference_mode():
        batch = torch.from_numpy(np.moveaxis(image, -1, 0)[None].astype(np.float32) / 255)
        at_once = network(batch).softmax(dim=1)[0].numpy()
    # A tile's own edge is zero-padded, but weighs next to nothing beside the neighbour that sees past it.
    difference = np.abs(tiled - at_once)[:, 8:-8, 8:-8]
    assert difference.max() < 1e-2
    assert difference.mean() < 1e-4


def test_probabilities_are_averaged_not_logits():
    logits = (-8.0, 8.0)
    output = segmenter(ByTile(*logits), Sigmoid()).activations(noise(64, 96))[0]
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
    segmenter(network, AsItIs()).activations(noise(200, 200))
    assert network.largest == 4
    assert network.modes == {False}


def test_a_confident_network_is_decoded():
    output = [0.0, 0.0, 0.0]
    output[INTERIOR] = 9.0
    assert (segment(segmenter(Constant(output)), noise(40, 90)) == 1).all()
    assert not segment(segmenter(Constant([9.0, 0.0, 0.0])), noise(40, 90)).any()


def test_labels_come_with_the_output_that_they_were_decoded_from():
    network = Copy()
    target = TARGET.model_copy(update={"foreground": 0.7})
    seen = []
    network.register_forward_hook(lambda *args: seen.append(len(args)))
    labels, activated = labels_and_output(segmenter(network, target), noise(64, 64))
    assert len(seen) == 1
    np.testing.assert_array_equal(labels, target.decode(activated))
    np.testing.assert_array_equal(activated, segmenter(network, target).activations(noise(64, 64)))


class Two(Copy):
    """Puts out a tuple."""

    def forward(self, images):
        return images, images


def test_a_network_that_puts_out_no_tensor_is_named_as_the_fault():
    with pytest.raises(TypeError, match="the network puts out tuple, expected one tensor"):
        segmenter(Two()).activations(noise(8, 8))


FOUR = ((), (0,), (1,), (0, 1))


def lopsided(seed=0):
    """Return a network that is not symmetric: a convolution of random weights."""
    torch.manual_seed(seed)
    return nn.Conv2d(3, 3, 5, padding=2)


def test_four_views_treat_mirror_images_alike():
    image = noise(64, 64)
    views = segmenter(lopsided(), flips=FOUR)
    whole = views.activations(image)
    for axes in FOUR:
        mirrored = views.activations(np.flip(image, axes))
        np.testing.assert_allclose(np.flip(mirrored, [axis + 1 for axis in axes]), whole, atol=1e-6)


def test_four_views_of_a_symmetric_image_are_symmetric():
    quarter = noise(40, 27)
    half = np.concatenate([quarter, quarter[::-1]])
    image = np.concatenate([half, half[:, ::-1]], axis=1)
    whole = segmenter(lopsided(), flips=FOUR).activations(image)
    for axis in (1, 2):
        np.testing.assert_allclose(np.flip(whole, axis), whole, atol=1e-5)
    single = segmenter(lopsided()).activations(image)
    assert np.abs(np.flip(single, 1) - single).max() > 0.05


def test_one_view_is_the_image_as_it_is():
    tiles = [Tiles.of(NETWORK, INFERENCE.model_copy(update={"mirror": mirror})) for mirror in (False, True)]
    assert [tile.flips for tile in tiles] == [((),), FOUR]
    image = noise(64, 64)
    with torch.inference_mode():
        batch = torch.from_numpy(np.moveaxis(image, -1, 0)[None].astype(np.float32) / 255)
        expected = lopsided()(batch).softmax(dim=1)[0].numpy()
    np.testing.assert_allclose(segmenter(lopsided()).activations(image), expected, atol=1e-5)


def test_the_mean_of_the_views_is_a_mean_of_probabilities():
    views = [segmenter(lopsided(), flips=(axes,)).activations(noise(64, 64)) for axes in FOUR]
    whole = segmenter(lopsided(), flips=FOUR).activations(noise(64, 64))
    assert whole.dtype == np.float32
    np.testing.assert_allclose(whole, np.mean(views, axis=0), atol=1e-6)
    np.testing.assert_allclose(whole.sum(axis=0), 1, atol=1e-5)


def test_tiles_need_not_be_square():
    network = Copy()
    sizes = []
    network.register_forward_hook(lambda *args: sizes.append(tuple(args[1][0].shape[2:])))
    image = noise(70, 50)
    output = segmenter(network, AsItIs(), size=(32, 64)).activations(image)
    assert set(sizes) == {(32, 64)}
    np.testing.assert_allclose(output, np.moveaxis(image, -1, 0) / 255, atol=2e-6)


@pytest.mark.parametrize("flips", [((),), FOUR])
def test_a_z_score_is_that_of_the_whole_image_not_of_a_tile(flips):
    image = discs(0, size=100).image.copy()
    image[:, :50] //= 2
    output = segmenter(Copy(), AsItIs(), normalisation="z_score", flips=flips).activations(image)
    expected = (image - image.mean(axis=(0, 1))) / image.std(axis=(0, 1))
    np.testing.assert_allclose(output, np.moveaxis(expected, -1, 0), atol=1e-4)
