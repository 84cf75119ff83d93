import numpy as np
import pytest
import torch
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cellarena.learning.supervision import supervised_loss
from cellarena.targets.spec import TARGETS, UNTAUGHT
from cellarena.targets.three_class import ThreeClass
from plain_target import PlainTarget
from tiny import TARGET
from workspace import ROOT


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


def chosen_target(name):
    params = yaml.safe_load((ROOT / "params.yaml").read_text())["targets"]
    return TARGETS[name](**params[name])


def taught(name, n=3):
    """Return a target, raw outputs, encoded labels, and where nobody annotated."""
    target, rng = chosen_target(name), np.random.default_rng(0)
    labels = np.zeros((n, 32, 32), np.uint16)
    labels[:, 3:12, 3:12], labels[:, 15:30, 10:20] = 1, 2
    ignored = np.zeros(labels.shape, bool)
    ignored[0, :, 18:] = ignored[1, 20:] = True
    encoded = np.stack([target.encode(one) for one in labels])
    output = torch.from_numpy(rng.normal(size=(n, target.n_channels, 32, 32)).astype(np.float32))
    return target, output, encoded, ignored


def marked(encoded, ignored):
    where = ignored if encoded.ndim == 3 else np.broadcast_to(ignored[:, None], encoded.shape)
    return torch.from_numpy(np.where(where, UNTAUGHT, encoded).astype(encoded.dtype))


@pytest.mark.parametrize("name", TARGETS)
def test_what_nobody_annotated_has_no_part_in_the_loss(name):
    target, output, encoded, ignored = taught(name)
    there = torch.from_numpy(ignored)[:, None].expand_as(output)
    expected = supervised_loss(target, output, marked(encoded, ignored))
    spoilt = torch.where(there, 100 * output.flip(0), output).requires_grad_()
    found = supervised_loss(target, spoilt, marked(encoded, ignored))
    found.backward()
    assert found.item() == expected.item()
    assert not spoilt.grad[there].any()
    assert (spoilt.grad[~there] != 0).any()
    assert expected.item() != supervised_loss(target, output, torch.from_numpy(encoded)).item()


@pytest.mark.parametrize("name", TARGETS)
def test_it_is_the_loss_of_the_images_that_were_annotated(name):
    target, output, encoded, _ = taught(name)
    first = np.zeros(encoded.shape[:1] + encoded.shape[-2:], bool)
    first[0] = True
    found = supervised_loss(target, output, marked(encoded, first))
    assert found.item() == pytest.approx(target.loss(output[1:], torch.from_numpy(encoded[1:])).item(), rel=1e-5)


@pytest.mark.parametrize("name", TARGETS)
def test_it_has_none_at_coarser_resolutions_either(name):
    target, output, encoded, _ = taught(name)
    ignored = np.zeros(encoded.shape[:1] + encoded.shape[-2:], bool)
    ignored[:, :16] = True
    outputs = tuple(output[..., ::step, ::step].clone().requires_grad_() for step in (1, 2, 4))
    supervised_loss(target, outputs, marked(encoded, ignored)).backward()
    for scaled in outputs:
        half = scaled.shape[-2] // 2
        assert not scaled.grad[:, :, :half].any()
        assert scaled.grad[:, :, half:].any()


@pytest.mark.parametrize("name", TARGETS)
def test_a_batch_that_nobody_annotated_teaches_nothing(name):
    target, output, encoded, ignored = taught(name)
    output.requires_grad_()
    loss = supervised_loss(target, output, marked(encoded, ignored | True))
    loss.backward()
    assert loss.item() == 0
    assert not output.grad.any()
