import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import distance_transform_edt

from cellarena.evaluation.metrics import PIXEL_METRICS
from cellarena.evaluation.pixel_pair import PixelPair
from cellarena.images.labels import boundary_band, inner_boundary

LABELS = arrays(np.uint8, (12, 11), elements=st.integers(0, 2))
UNDEFINED_IF_EMPTY = {"hd95"}


def worth(name, true, pred):
    return PIXEL_METRICS[name].compute(PixelPair(np.array(true), np.array(pred)))


def square(top, left, side=8, shape=(20, 20)):
    labels = np.zeros(shape, np.uint16)
    labels[top : top + side, left : left + side] = 1
    return labels


def test_foreground_by_hand():
    true, pred = [[1, 1, 2, 0]], [[0, 3, 3, 3]]
    assert worth("dice", true, pred) == 2 * 2 / 6
    assert worth("iou", true, pred) == 2 / 4


def test_classes_by_hand():
    # A square of 8 has an interior of 4 x 4; moved by two pixels, 2 x 4 of it are left in common.
    true, pred = square(4, 4), square(4, 6)
    assert worth("dice_interior", true, pred) == 2 * 8 / 32
    assert worth("iou_interior", true, pred) == 8 / 24
    # 8 x 6 pixels are in both squares, and of these neither ring holds the 2 x 4.
    both = 8 * 6 - 2 * 4 * 2 - 2 * 4
    assert worth("dice_boundary", true, pred) == 2 * both / 96
    assert worth("iou_boundary", true, pred) == both / (96 - both)


def test_a_border_between_two_objects_is_boundary_and_the_edge_of_the_image_is_not():
    labels = np.repeat([[1] * 5 + [2] * 5], 6, axis=0)
    assert boundary_band(labels, 2).tolist() == [[False] * 3 + [True] * 4 + [False] * 3] * 6


@given(LABELS, st.integers(1, 3))
def test_the_band_is_that_of_its_definition(labels, width):
    expected = np.zeros(labels.shape, bool)
    for y, x in np.argwhere(labels > 0):
        window = labels[max(0, y - width) : y + width + 1, max(0, x - width) : x + width + 1]
        expected[y, x] = (window != labels[y, x]).any()
    np.testing.assert_array_equal(boundary_band(labels, width), expected)


@pytest.mark.parametrize(("moved", "found"), [(0, 1), (1, 1), (2, 1)])
def test_outlines_within_two_pixels_are_found(moved, found):
    assert worth("boundary_f1", square(4, 4), square(4, 4 + moved)) == found


def test_boundary_f1_by_hand():
    # Of an outline of 28 pixels moved by 3, the 8 of the outer side are 3 pixels away and so are 2 of the inner side.
    assert worth("boundary_f1", square(4, 4), square(4, 7)) == pytest.approx(18 / 28)


@given(LABELS, LABELS)
def test_boundary_f1_agrees_with_distance_maps(true, pred):
    outlines = inner_boundary(true), inner_boundary(pred)
    if not (outlines[0].any() and outlines[1].any()):
        return
    away = [distance_transform_edt(~outline) for outline in outlines]
    recall, precision = (away[1][outlines[0]] <= 2).mean(), (away[0][outlines[1]] <= 2).mean()
    expected = 2 * precision * recall / (precision + recall) if precision + recall else 0
    assert worth("boundary_f1", true, pred) == pytest.approx(expected)


def dots(*points, shape=(40, 60)):
    labels = np.zeros(shape, np.uint8)
    for y, x in points:
        labels[y, x] = 1
    return labels


def test_hd95_by_hand():
    assert worth("hd95", square(4, 4), square(4, 4)) == 0
    assert worth("hd95", dots((5, 5)), dots((8, 9))) == 5
    assert worth("hd95", dots((5, 5)), dots((5, 45))) == 40


def test_hd95_is_the_larger_of_both_directions():
    near = dots((5, 5))
    both = dots((5, 5), (5, 35))
    # From `both`: distances 0 and 30, the 95th percentile lies between.
    assert worth("hd95", near, both) == worth("hd95", both, near) == pytest.approx(0.95 * 30)


@given(arrays(np.uint8, (30, 24), elements=st.sampled_from([0] * 40 + [1, 2])), LABELS)
def test_hd95_agrees_with_distance_maps(pred, corner):
    true = np.zeros((30, 24), np.uint8)
    true[:12, :11] = corner
    outlines = inner_boundary(true), inner_boundary(pred)
    value = worth("hd95", true, pred)
    if not (outlines[0].any() and outlines[1].any()):
        assert math.isnan(value)
        return
    away = [distance_transform_edt(~outline) for outline in outlines]
    expected = max(np.percentile(away[1][outlines[0]], 95), np.percentile(away[0][outlines[1]], 95))
    assert value == pytest.approx(expected)


@pytest.mark.parametrize("name", PIXEL_METRICS)
def test_what_is_empty(name):
    empty, full = np.zeros((20, 20), np.uint8), square(4, 4)
    values = [worth(name, empty, empty), worth(name, full, empty), worth(name, empty, full)]
    expected = [math.nan] * 3 if name in UNDEFINED_IF_EMPTY else [1, 0, 0]
    assert values == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("name", PIXEL_METRICS)
@given(LABELS)
def test_the_annotation_itself_is_perfect(name, true):
    value = worth(name, true, true)
    perfect = 0 if name == "hd95" else 1
    assert value == perfect or (name in UNDEFINED_IF_EMPTY and not inner_boundary(true).any())


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (2, 3)])
def test_tiny_images_are_no_trouble(shape):
    labels = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    for name in PIXEL_METRICS:
        assert worth(name, labels, labels) in {0, 1} or name in UNDEFINED_IF_EMPTY
