import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cellarena.learning.supervision import supervised_loss
from cellarena.targets.three_class import ThreeClass
from plain_target import PlainTarget
from tiny import TARGET


def test_one_resolution_is_the_loss_of_the_target():
    output, encoded = torch.randn(2, 3, 8, 8), torch.randint(0, 3, (2, 8, 8))
    assert supervised_loss(TARGET, output, encoded) == TARGET.loss(output, encoded)


def test_each_coarser_resolution_counts_half_as_much():
    encoded = torch.zeros(1, 1, 8, 8)
    outputs = tuple(torch.full((1, 1, side, side), value) for side, value in ((8, 1.0), (4, 10.0), (2, 100.0)))
    assert float(supervised_loss(PlainTarget(), outputs, encoded)) == pytest.approx((4 + 20 + 100) / 7)


def test_targets_are_sampled_not_mixed():
    classes = torch.tensor([0, 2]).repeat_interleave(4).expand(1, 8, 8).to(torch.uint8)
    output = torch.nn.functional.one_hot(classes[:, ::2, ::2].long(), 3).movedim(-1, 1).float() * 50
    finest = torch.nn.functional.one_hot(classes.long(), 3).movedim(-1, 1).float() * 50
    # Half of the image is background, half is boundary; a mean of the two would be interior.
    assert float(supervised_loss(TARGET, (finest, output), classes)) < 0.4
    assert float(supervised_loss(TARGET, (finest, output.flip(-1)), classes)) > 5


def test_targets_of_several_channels_keep_them():
    encoded = torch.stack([torch.zeros(1, 8, 8), torch.ones(1, 8, 8)], dim=1)
    outputs = (encoded, encoded[..., ::2, ::2])
    assert float(supervised_loss(PlainTarget(), outputs, encoded)) == 0


def test_the_gradient_reaches_every_resolution():
    outputs = tuple(torch.randn(2, 3, side, side, requires_grad=True) for side in (8, 4, 2))
    encoded = torch.from_numpy(np.random.default_rng(0).integers(0, 3, (2, 8, 8), dtype=np.uint8))
    supervised_loss(ThreeClass(**TARGET.model_dump()), outputs, encoded).backward()
    assert all(output.grad.abs().sum() > 0 for output in outputs)


def test_of_an_even_number_of_pixels_the_one_right_below_the_centre_is_sampled():
    encoded = torch.arange(16, dtype=torch.uint8).reshape(1, 4, 4)
    exact = torch.tensor([[[5, 7], [13, 15]]])
    assert float(supervised_loss(PlainTarget(), (encoded.float(), exact.float()), encoded)) == 0


@given(st.integers(1, 5), st.floats(-10, 10))
def test_equal_losses_make_that_loss(n, value):
    outputs = tuple(torch.full((2, 1, 16 >> i, 16 >> i), value) for i in range(n))
    found = supervised_loss(PlainTarget(), outputs, torch.zeros(2, 1, 16, 16))
    assert float(found) == pytest.approx(abs(value), abs=1e-5)
