"""Conditions, crops and styles: what a generator is shown."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellarena.synthesis.generators.spec import Example
from cellarena.synthesis.networks.conditions import BACKGROUND, BOUNDARY, INTERIOR, N_STYLE, classes_of, style_of
from cellarena.synthesis.networks.crops import balanced, crop
from cellarena.synthesis.networks.styles import Styles
from small_generators import disks, small_examples


def test_objects_that_touch_are_parted_by_their_boundaries():
    labels = np.zeros((9, 16), np.int32)
    labels[1:8, 1:8], labels[1:8, 8:15] = 1, 2
    classes = classes_of(labels)
    assert (classes[labels == 0] == BACKGROUND).all()
    np.testing.assert_array_equal(classes[4], [0, 2, 2, 1, 1, 1, 2, 2, 2, 2, 1, 1, 1, 2, 2, 0])
    assert INTERIOR in classes
    assert BOUNDARY in classes


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32), st.sampled_from([0, 1, 5]))
def test_a_style_is_finite_for_any_image(height, width, seed, n):
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (height, width, 3), np.uint8)
    style = style_of(image, rng.integers(0, n + 1, (height, width)))
    assert style.shape == (N_STYLE,)
    assert np.isfinite(style).all()


def test_a_style_tells_cells_background_and_noise():
    labels = disks((120, 120), 0)
    clean = np.repeat(np.where(labels > 0, 0.8, 0.2)[..., None], 3, axis=2) * [1, 0.5, 0.25]
    noisy = clean + np.random.default_rng(0).normal(0, 0.02, (120, 120, 1))
    style = style_of(np.rint(noisy * 255).astype(np.uint8), labels)
    np.testing.assert_allclose(style[:3], [0.8, 0.4, 0.2], atol=0.01)
    np.testing.assert_allclose(style[6:9], [0.2, 0.1, 0.05], atol=0.01)
    calm = style_of(np.rint((noisy * 0 + 0.5) * 255).astype(np.uint8), labels)
    assert style[12] > calm[12] == 0
    flat = np.random.default_rng(1).normal(128, 5, (200, 200, 1)).repeat(3, axis=2).round().astype(np.uint8)
    assert style_of(flat, np.zeros((200, 200), int))[12] * 255 == pytest.approx(5, rel=0.05)


def test_rare_modalities_come_more_often_than_their_share_and_frequent_ones_most():
    shares = balanced(["a"] * 16 + ["b"] * 4)
    assert shares.sum() == pytest.approx(1)
    assert shares[:16].sum() == pytest.approx(4 / 6)
    assert len(set(shares[16:])) == 1


@given(st.integers(1, 70), st.integers(1, 70), st.integers(0, 2**32))
def test_a_crop_holds_pixels_of_the_image_with_their_classes(height, width, seed):
    rng = np.random.default_rng(seed)
    maps = np.zeros((height, width, 4), np.uint8)
    maps[..., 0], maps[..., 1] = np.mgrid[:height, :width]
    maps[..., 3] = rng.integers(0, 3, (height, width))
    found = crop(maps, 32, rng)
    assert found.shape == (32, 32, 4)
    np.testing.assert_array_equal(found[..., 3], maps[found[..., 0], found[..., 1], 3])


def test_most_crops_show_an_object_however_small():
    maps = np.zeros((400, 400, 4), np.uint8)
    maps[10, 390, 3] = 1
    seen = sum(crop(maps, 32, np.random.default_rng(n))[..., 3].any() for n in range(200))
    assert 120 < seen < 190


def test_crops_are_turned_and_mirrored_all_eight_ways():
    maps = np.random.default_rng(0).integers(0, 256, (32, 32, 4), np.uint8)
    assert len({crop(maps, 32, np.random.default_rng(n)).tobytes() for n in range(100)}) == 8


def test_styles_are_those_of_the_donors_after_storing():
    styles = Styles.of(small_examples())
    again = Styles.restored(styles.weights, styles.facts)
    assert again.donors == ("e0", "e1", "e2", "e3", "e4")
    assert again.codes.shape == (5, 2 + N_STYLE)
    assert again.grey.tolist() == [1, 1, 1, 0, 0]
    drawn = {again.draw("fluorescence", np.random.default_rng(n)) for n in range(30)}
    assert drawn == {0, 1, 2}
    with pytest.raises(ValueError, match="never saw 'dic'; it knows H&E, fluorescence"):
        again.draw("dic", np.random.default_rng(0))


@pytest.mark.parametrize("change", [{"donors": ["e0"]}, {"donors": []}, {"modalities": ["dic"] * 5}])
def test_styles_that_are_not_of_their_donors_are_refused(change):
    styles = Styles.of(small_examples())
    with pytest.raises(ValueError, match="are not those of"):
        Styles.restored(styles.weights, {**styles.facts, **change})


def test_one_image_alone_has_a_style():
    example = small_examples()[0]
    styles = Styles.of([Example("only", example.image, example.labels, "dic")])
    assert styles.codes.isfinite().all()
