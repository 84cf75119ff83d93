"""Shapes, warping, backgrounds and noise of re-composed images."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellarena.synthesis.generators.spec import Example
from cellarena.synthesis.generators.texture.backgrounds import slow_part, spread_to, without_cells
from cellarena.synthesis.generators.texture.bank import windows
from cellarena.synthesis.generators.texture.noise import lacking_noise, noise_covariance
from cellarena.synthesis.generators.texture.shapes import cut, shapes_of, signed_depth
from cellarena.synthesis.generators.texture.warping import elongation, likeness, stretch, warp

SHAPE = (64, 64)


def ellipse(centre, radii, shape=SHAPE):
    rows, columns = np.indices(shape)
    return ((rows - centre[0]) / radii[0]) ** 2 + ((columns - centre[1]) / radii[1]) ** 2 <= 1


def test_a_rectangle_has_the_moments_worked_by_hand():
    labels = np.zeros((10, 12), np.int32)
    labels[2:5, 4:10] = 7
    (shape,) = shapes_of(labels)
    assert (shape.label, shape.area, shape.box, shape.whole) == (7, 18, (2, 4, 5, 10), True)
    assert shape.centre.tolist() == [3.0, 6.5]
    # A side of n pixels, each of them a square, has the variance n**2 / 12.
    assert shape.covariance == pytest.approx(np.diag([9 / 12, 36 / 12]))


def test_an_object_at_the_edge_is_not_whole_and_has_no_outline_there():
    labels = np.zeros((8, 8), np.int32)
    labels[0:4, 2:6] = 1
    (shape,) = shapes_of(labels)
    assert not shape.whole
    place = cut(labels, shape, 2)
    assert place.origin.tolist() == [-2, 0]
    # Above the image the object goes on.
    assert (place.depth[:6, 2:6] > 0).all()
    assert place.depth[2, 3] == place.depth[0, 3]


def test_depth_is_half_a_pixel_on_both_sides_of_the_outline():
    own = np.zeros((5, 7), bool)
    own[:, 3:] = True
    assert signed_depth(own)[0].tolist() == [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5]


@given(st.tuples(*[st.floats(4, 20)] * 4))
def test_stretching_makes_one_ellipse_of_the_other_without_a_turn(radii):
    target, donor = (shapes_of(ellipse((32, 32), pair).astype(np.int32))[0] for pair in (radii[:2], radii[2:]))
    matrix = stretch(target, donor)
    assert matrix == pytest.approx(matrix.T)
    assert (np.linalg.eigvalsh(matrix) > 0).all()
    assert matrix @ target.covariance @ matrix.T == pytest.approx(donor.covariance)


def test_the_most_alike_donor_has_size_length_and_direction():
    flat, upright, large = (
        shapes_of(ellipse((32, 32), radii).astype(np.int32))[0] for radii in ((5, 10), (10, 5), (10, 20))
    )
    distances = likeness(flat, np.array([elongation(s) for s in (flat, upright, large)]))
    assert distances[0] == 0
    assert distances[1] > 1
    # Twice as long in both directions: log 4 on both axes.
    assert distances[2] == pytest.approx(np.sqrt(2) * np.log(4), rel=0.05)


def test_a_warped_cell_fills_the_target_and_keeps_the_width_of_its_rim():
    donor_labels = ellipse((32, 32), (12, 12)).astype(np.int32)
    target_labels = ellipse((30, 34), (9, 18)).astype(np.int32)
    depth = signed_depth(donor_labels > 0)
    image = np.where((depth > 0) & (depth < 3), 200, np.where(depth > 0, 100, 0)).astype(np.uint8)
    image = np.repeat(image[..., None], 3, axis=-1)
    (donor,), (target,) = shapes_of(donor_labels), shapes_of(target_labels)
    place = cut(target_labels, target, 5)
    warped = warp(target, place, donor, image, donor_labels, 5)
    seen = warped.colours[..., 0]
    inside, rim, middle = place.depth > 0.9, (place.depth > 0.9) & (place.depth < 2), place.depth > 5
    assert (seen[inside] > 60).all()
    assert seen[rim].mean() > 160
    assert abs(seen[middle].mean() - 100) < 8
    assert seen[place.depth < -1.5].max() < 60


def test_a_warped_cell_shows_nothing_of_its_neighbour():
    labels = ellipse((32, 22), (10, 10)).astype(np.int32)
    labels[ellipse((32, 42), (10, 9)) & (labels == 0)] = 2
    image = np.repeat(np.where(labels == 2, 255, 50).astype(np.uint8)[..., None], 3, axis=-1)
    target_labels = ellipse((32, 32), (10, 10)).astype(np.int32)
    donor, (target,) = shapes_of(labels)[0], shapes_of(target_labels)
    warped = warp(target, cut(target_labels, target, 6), donor, image, labels, 6)
    # Between two pixels of cell and neighbour lies a mixed colour, half of which is the neighbour's at most.
    assert warped.colours[warped.known].max() < 50 + 205 * 0.6


def test_cells_vanish_from_a_background_and_its_slope_goes_on():
    rng = np.random.default_rng(0)
    slope = np.linspace(40, 120, 64)[None, :, None] + rng.normal(0, 3, (64, 64, 1))
    labels = ellipse((30, 30), (8, 8)).astype(np.int32)
    image = np.where(labels[..., None] > 0, 250, np.broadcast_to(slope, (64, 64, 3))).astype(np.uint8)
    found = without_cells(image, labels, 2, np.random.default_rng(1))
    assert np.abs(found[labels > 0] - np.broadcast_to(slope, found.shape)[labels > 0]).mean() < 8
    far = signed_depth(labels > 0) < -4
    assert np.array_equal(np.rint(found[far]), image[far])
    rough = noise_covariance(found, labels > 0)[0, 0]
    assert 3 < rough < 30


@pytest.mark.parametrize("labels", [np.ones((20, 30), np.int32), np.pad(np.ones((18, 28), np.int32), 1)])
def test_an_image_without_background_has_one_of_one_colour(labels):
    image = np.full((20, 30, 3), 90, np.uint8)
    assert (without_cells(image, labels, 3, np.random.default_rng(0)) == 90).all()


def test_the_slow_part_of_a_constant_is_the_constant_however_little_is_seen():
    empty = np.zeros((40, 70), bool)
    empty[0, 0] = True
    pixels = np.where(empty[..., None], np.float32(33), np.float32(255)) * np.ones(3, np.float32)
    assert slow_part(pixels, empty, 4.0) == pytest.approx(np.full((40, 70, 3), 33.0), rel=1e-4)


def test_a_backdrop_that_is_too_small_is_mirrored():
    backdrop = np.arange(6, dtype=np.float32).reshape(2, 3, 1)
    assert spread_to(backdrop, (3, 5), (1, 1), (0, 0))[..., 0].tolist() == [
        [0, 1, 2, 2, 1],
        [3, 4, 5, 5, 4],
        [3, 4, 5, 5, 4],
    ]
    assert spread_to(backdrop, (1, 2), (-1, -1), (0, 1))[..., 0].tolist() == [[4, 3]]


def test_the_covariance_of_white_noise_is_found_and_slopes_are_none():
    rng = np.random.default_rng(0)
    wanted = np.array([[16, 8, 0], [8, 9, 0], [0, 0, 4]])
    slope = np.arange(200, dtype=np.float32)[:, None, None]
    noise = rng.multivariate_normal(np.zeros(3), wanted, (200, 200)).astype(np.float32)
    everywhere = np.ones((200, 200), bool)
    assert noise_covariance(slope + noise, everywhere) == pytest.approx(wanted, abs=0.6)
    assert not noise_covariance(slope + noise, np.zeros((200, 200), bool)).any()


def test_lacking_noise_is_added_and_grey_stays_grey():
    wanted = np.full((3, 3), 25.0)
    pixels = np.full((200, 200, 3), 100, np.float32)
    everywhere = np.ones((200, 200), bool)
    noise = lacking_noise(pixels, everywhere, wanted, np.random.default_rng(0))
    assert np.ptp(noise, axis=1).max() < 1e-3
    assert noise_covariance(pixels + noise.reshape(pixels.shape), everywhere) == pytest.approx(wanted, rel=0.05)
    rough = pixels + 2 * noise.reshape(pixels.shape)
    assert np.abs(lacking_noise(rough, everywhere, wanted, np.random.default_rng(1))).max() < 1e-3


def test_the_bank_is_capped_and_prefers_images_with_objects():
    labels = np.zeros((50, 60), np.uint16)
    filled = labels.copy()
    filled[10:40, 10:50] = 300
    image = np.zeros((50, 60, 3), np.uint8)
    examples = [Example(f"e{i}", image, filled if i % 3 == 0 else labels, "m") for i in range(9)]
    examples.append(Example("other", image, labels, "n"))
    kept = windows(examples, 3, 32, 0)
    assert [e.id for e in kept] == ["e0", "e3", "e6", "other"]
    assert {e.image.shape for e in kept} == {(32, 32, 3)}
    assert {int(e.labels.max()) for e in kept[:3]} == {1}
