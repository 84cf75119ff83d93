import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cellarena.images.intensity import NORMALISATIONS, to_rgb8, unit, z_score, z_score_nonzero

GREY = arrays(np.uint16, st.tuples(st.integers(1, 12), st.integers(1, 12)))


@given(GREY)
def test_any_grey_image_becomes_eight_bit_rgb(image):
    rgb = to_rgb8(image)
    assert rgb.shape == (*image.shape, 3)
    assert rgb.dtype == np.uint8
    assert (rgb[..., 0] == rgb[..., 1]).all()


@given(arrays(np.uint8, (6, 7), elements=st.integers(0, 100)), st.integers(1, 20), st.integers(0, 1000))
def test_scale_and_offset_of_the_intensities_do_not_matter(image, scale, offset):
    shifted = image.astype(np.uint16) * scale + offset
    np.testing.assert_allclose(to_rgb8(image).astype(int), to_rgb8(shifted).astype(int), atol=1)


def test_percentiles_are_stretched_to_the_whole_range():
    image = np.arange(101, dtype=np.uint16)[None] * 100
    rgb = to_rgb8(image, 10, 90)[0, :, 0]
    assert (rgb[:11] == 0).all()
    assert (rgb[90:] == 255).all()
    assert rgb[50] in {127, 128}


@pytest.mark.parametrize("value", [0, 7, 65535])
def test_a_constant_image_is_black(value):
    assert not to_rgb8(np.full((4, 4), value, np.uint16)).any()


def test_channels_are_stretched_each_by_itself():
    image = np.stack([np.arange(100), np.arange(100) * 3, np.full(100, 9)], -1)[None].astype(np.uint16)
    rgb = to_rgb8(image)
    np.testing.assert_array_equal(rgb[..., 0], rgb[..., 1])
    assert not rgb[..., 2].any()


def test_of_two_channels_the_third_is_black_and_a_fourth_is_never_left_out():
    image = np.random.default_rng(0).integers(0, 255, (5, 5, 4), np.uint8)
    rgb = to_rgb8(image[..., :2])
    assert (rgb.shape, rgb[..., 2].any()) == ((5, 5, 3), False)
    with pytest.raises(ValueError, match="4 channels; choose up to three"):
        to_rgb8(image)


RGB = arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12), st.just(3)))


def applied(normalisation, image):
    return normalisation(image)(image.astype(np.float32))


@given(RGB)
def test_a_z_score_has_mean_0_and_deviation_1_in_each_channel_and_a_constant_one_becomes_0(image):
    normalised = applied(z_score, image)
    for channel, before in ((normalised[..., c], image[..., c]) for c in range(3)):
        if before.min() == before.max():
            assert not channel.any()
        else:
            assert abs(channel.mean(dtype=np.float64)) < 1e-3
            assert channel.std(dtype=np.float64) == pytest.approx(1, abs=1e-3)


@given(arrays(np.uint8, (5, 6, 3), elements=st.integers(0, 60)), st.integers(1, 4), st.integers(0, 15))
def test_a_z_score_does_not_see_brightness_and_contrast(image, scale, offset):
    shifted = image * np.uint8(scale) + np.uint8(offset)
    np.testing.assert_allclose(applied(z_score, image), applied(z_score, shifted), atol=1e-3)


def test_a_black_frame_stays_0_and_does_not_shift_the_rest():
    inner = np.random.default_rng(0).integers(1, 256, (5, 6, 3)).astype(np.uint8)
    framed = np.pad(inner, [(2, 2), (3, 3), (0, 0)])
    normalised = applied(z_score_nonzero, framed)
    np.testing.assert_allclose(normalised[2:-2, 3:-3], applied(z_score, inner), atol=1e-5)
    assert not normalised[:2].any()
    assert not normalised[:, -3:].any()


def test_an_image_that_is_all_black_stays_so():
    assert not applied(z_score_nonzero, np.zeros((4, 4, 3), np.uint8)).any()


@given(RGB)
def test_unit_divides_by_255(image):
    np.testing.assert_allclose(applied(unit, image), image / 255, atol=1e-7)


def test_every_normalisation_has_a_name():
    assert {"unit": unit, "z_score": z_score, "z_score_nonzero": z_score_nonzero} == NORMALISATIONS
