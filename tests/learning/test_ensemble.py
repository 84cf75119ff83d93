import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from cellarena.learning import ensemble
from cellarena.learning.ensemble import ScaledMean
from tiny import TARGET, Constant, discs, segmenter


class Seen:
    """A member that puts out the image itself, from 0 to 1, and remembers the shapes that it was shown."""

    def __init__(self):
        self.shapes = []

    def activations(self, image):
        self.shapes.append(image.shape)
        return np.moveaxis(image, -1, 0).astype(np.float32) / 255


def noise(*shape):
    return np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)


def test_probabilities_are_averaged_not_logits():
    members = [segmenter(Constant([9.0, 0.0, 0.0])), segmenter(Constant([0.0, 1.0, 0.0]))]
    output = ScaledMean(members, TARGET, (1, 1.25, 1.5)).activations(discs().image)
    # Sure of background, and e / (e + 2) for interior; the mean of the logits would be background throughout.
    sure, unsure = np.exp(9) / (np.exp(9) + 2), np.e / (np.e + 2)
    expected = [(sure + (1 - unsure) / 2) / 2, ((1 - sure) / 2 + unsure) / 2, ((1 - sure) / 2 + (1 - unsure) / 2) / 2]
    assert output.shape == (3, 64, 64)
    assert output.dtype == np.float32
    np.testing.assert_allclose(output.mean(axis=(1, 2)), expected, atol=1e-6)
    np.testing.assert_allclose(np.ptp(output, axis=(1, 2)), 0, atol=1e-6)


def test_each_member_sees_the_image_at_each_scale():
    members = [Seen(), Seen()]
    ScaledMean(members, TARGET, (1, 1.25, 1.5)).activations(noise(40, 61))
    assert members[0].shapes == members[1].shapes == [(40, 61, 3), (50, 76, 3), (60, 92, 3)]


def test_alone_and_at_scale_1_a_network_predicts_as_ever():
    torch.manual_seed(0)
    network = segmenter(nn.Conv2d(3, 3, 3, padding=1))
    image = discs().image
    assert ScaledMean([network], TARGET, (1.0,)).activations(image).tobytes() == network.activations(image).tobytes()


@given(st.integers(1, 40), st.integers(1, 40), st.lists(st.floats(0.25, 4), min_size=1, max_size=3))
def test_any_image_comes_out_in_its_own_size_and_range(height, width, scales):
    image = noise(height, width)
    output = ScaledMean([Seen()], TARGET, scales).activations(image)
    assert output.shape == (3, height, width)
    assert output.min() >= image.min() / 255 - 1e-6
    assert output.max() <= image.max() / 255 + 1e-6


@pytest.mark.parametrize("scale", [1.25, 1.5, 2, 3])
def test_what_is_enlarged_and_shrunk_lies_where_it_lay(scale):
    ramp = np.repeat(np.arange(0, 240, 4, dtype=np.uint8)[:, None, None], 30, axis=1).repeat(3, axis=2)
    output = ScaledMean([Seen()], TARGET, (scale,)).activations(ramp)
    # Rounding to 8 bits aside; half a pixel of shift would be a difference of 2.
    np.testing.assert_allclose(output[:, 3:-3] * 255, np.moveaxis(ramp, -1, 0)[:, 3:-3], atol=0.6)


def test_enlarging_interpolates_between_pixel_centres():
    image = np.repeat(np.array([[[0], [100]]], np.uint8), 3, axis=2)
    np.testing.assert_array_equal(ensemble._scaled(image, 2)[:, :, 0], [[0, 25, 75, 100]] * 2)


def test_what_is_too_fine_for_a_smaller_image_becomes_its_mean():
    fine = np.zeros((32, 32, 3), np.uint8)
    fine[:, ::2] = 200
    seen = ensemble._scaled(fine, 0.25)
    assert np.ptp(seen[:, 2:-2]) <= 1
    assert seen[:, 2:-2].mean() == pytest.approx(100, abs=1)


@pytest.mark.parametrize(("limit", "n_views"), [(1200, 2), (1199, 1)])
def test_an_image_above_the_limit_is_seen_at_scale_1_only(monkeypatch, limit, n_views):
    monkeypatch.setattr(ensemble, "_LARGE", limit)
    member = Seen()
    ScaledMean([member], TARGET, (1.5, 2)).activations(noise(30, 40))
    assert len(member.shapes) == n_views
    assert n_views == 2 or member.shapes == [(30, 40, 3)]


def test_the_limit_is_that_of_the_original():
    assert ensemble._LARGE == 25_000_000


def test_members_and_scales_add_up_in_the_costs():
    small, large = (segmenter(nn.Conv2d(3, n, 1, bias=False)) for n in (1, 4))
    costs = ScaledMean([small, large], TARGET, (1, 1.5)).costs()
    # A 1 x 1 convolution multiplies 3 values a pixel for each output channel; 1.5 x 1.5 as many pixels at scale 1.5.
    assert costs.n_parameters == 3 + 12
    assert costs.multiply_adds_per_megapixel == pytest.approx((3 + 12) * 1e6 * (1 + 2.25))
