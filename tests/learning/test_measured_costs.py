import subprocess
import sys

import pytest
import torch
from torch import nn
from torch.nn import functional

from cellarena.learning.costs import device_name, measure_network, peak_memory_mb

# Multiply-adds on a tile of 8 x 4 pixels, by hand.
TILE, PIXELS = (8, 4), 32


def multiply_adds(network):
    return measure_network(network.eval(), TILE).multiply_adds_per_megapixel * PIXELS / 1e6


class Attention(nn.Module):
    """Every pixel attends to every pixel: queries times keys, and the weights times the values."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, images):
        pixels = (images * self.scale).flatten(2).transpose(1, 2)[:, None].contiguous()
        return functional.scaled_dot_product_attention(pixels, pixels, pixels)


class Transformer(nn.Module):
    """torch's own encoder layer, which takes a fused path in evaluation mode."""

    def __init__(self):
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(3, 1, 5, batch_first=True)

    def forward(self, images):
        return self.layer(images.flatten(2).transpose(1, 2))


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        (nn.Conv2d(3, 5, 3, padding=1), PIXELS * 3 * 5 * 9),
        (nn.Conv2d(3, 5, 3, padding=1, stride=2), PIXELS / 4 * 3 * 5 * 9),
        (nn.Conv2d(3, 6, 3, padding=1, groups=3), PIXELS * 6 * 9),
        (nn.ConvTranspose2d(3, 5, 2, stride=2), PIXELS * 3 * 5 * 4),
        (Attention(), 2 * PIXELS**2 * 3),
        (Transformer(), 2 * PIXELS**2 * 3 + PIXELS * (3 * 9 + 3 * 3 + 2 * 3 * 5)),
    ],
    ids=["convolution", "strided", "grouped", "transposed", "attention", "transformer"],
)
def test_multiply_adds_by_hand(network, expected):
    assert multiply_adds(network) == pytest.approx(expected)


def test_every_parameter_counts_frozen_or_not():
    network = nn.Conv2d(3, 5, 3)
    network.weight.requires_grad_(requires_grad=False)
    assert measure_network(network.eval(), TILE).n_parameters == 3 * 5 * 9 + 5


def test_the_device_says_how_many_threads():
    n = torch.get_num_threads()
    assert device_name("cpu") == f"cpu, {n} thread{'s' * (n > 1)}"


def test_the_peak_is_that_of_this_process_alone_and_stays():
    large = bytearray(100_000_000)
    large[::4096] = b"x" * len(large[::4096])
    peak = peak_memory_mb("cpu")
    assert peak > 100
    del large
    # The kernel's books are a little behind.
    assert peak_memory_mb("cpu") == pytest.approx(peak, rel=0.01)
    code = "from cellarena.learning.costs import peak_memory_mb; print(peak_memory_mb('cpu'))"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 5 < float(child.stdout) < 100
