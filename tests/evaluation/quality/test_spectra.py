"""Spectra of images whose structure is known."""

import numpy as np
import pytest

from cellarena.evaluation.quality.spectra import (
    N_BINS,
    bin_edges,
    checkerboard,
    power,
    radial_profile,
    spectral_distance,
)


def crop(grey):
    return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def noise(seed, side=64):
    return 128 + 20 * np.random.default_rng(seed).normal(size=(side, side))


def waves(period, side=64):
    return 128 + 50 * np.sin(2 * np.pi * np.arange(side) / period) * np.ones((side, 1))


@pytest.mark.parametrize("period", [4, 8, 16])
def test_a_wave_has_its_power_in_the_ring_of_its_frequency(period):
    profile = radial_profile(power(crop(waves(period))))
    ring = np.digitize(1 / period, bin_edges((64, 64))) - 1
    assert profile.argmax() == ring


def test_turning_an_image_by_90_degrees_changes_no_profile():
    grey = noise(0)
    assert radial_profile(power(crop(grey.T))) == pytest.approx(radial_profile(power(crop(grey))))


def test_brightness_is_not_structure():
    grey = np.rint(noise(1))
    assert radial_profile(power(crop(grey + 9))) == pytest.approx(radial_profile(power(crop(grey))))


def test_a_flat_image_has_the_lowest_profile_and_no_checkerboard():
    spectrum = power(crop(np.full((64, 64), 77.0)))
    assert (radial_profile(spectrum) == -6).all()
    assert np.isnan(checkerboard(np.zeros((64, 64))))


@pytest.mark.parametrize("shape", [(64, 64), (96, 64)])
@pytest.mark.parametrize("stride", [2, 4])
def test_a_pattern_that_strides_leave_stands_out(shape, stride):
    grey = 128 + 10 * np.random.default_rng(0).normal(size=shape)
    planted = grey + 12 * (np.indices(shape).sum(axis=0) % stride == 0)
    assert checkerboard(power(crop(planted))) > checkerboard(power(crop(grey))) + 0.7
    assert abs(checkerboard(power(crop(grey)))) < 0.6


def test_the_distance_is_in_decades_of_power():
    rng = np.random.default_rng(0)
    a = rng.normal(size=(20, N_BINS))
    found = spectral_distance(a, a + 0.5, 200, np.random.default_rng(1))
    assert found.value == pytest.approx(0.5)
    assert 0 < found.sd < 0.5
    assert spectral_distance(a, a, 200, np.random.default_rng(1)).value == 0


def test_without_images_there_is_no_distance():
    found = spectral_distance(np.zeros((0, N_BINS)), np.zeros((3, N_BINS)), 200, np.random.default_rng(0))
    assert np.isnan(found.value)
    assert (found.n, found.n_reference) == (0, 3)
