import numpy as np
import pytest

from cellarena.images.overlays import outlined

LINE = (255, 233, 46)


def lines(image, labels):
    return (outlined(image, labels) == LINE).all(axis=2)


def test_the_line_is_the_outermost_pixels_of_an_object():
    labels = np.zeros((1025, 7), np.uint16)
    labels[1:6, 1:6] = 3
    expected = labels > 0
    expected[2:5, 2:5] = False
    np.testing.assert_array_equal(lines(np.zeros((1025, 7, 3), np.uint8), labels), expected)


def test_objects_that_touch_have_a_line_each_and_one_at_the_frame_is_closed():
    labels = np.zeros((1025, 6), np.uint16)
    labels[:9, :3], labels[:9, 3:] = 1, 2
    drawn = lines(np.zeros((1025, 6, 3), np.uint8), labels)
    assert drawn[4].tolist() == [True, False, True, True, False, True]
    assert drawn[0].all()


def test_background_beside_an_object_is_darkened_and_the_rest_is_as_it_was():
    labels = np.zeros((1025, 5), np.uint16)
    labels[2, 2] = 1
    drawn = outlined(np.full((1025, 5, 3), 200, np.uint8), labels)
    assert (drawn[2, 1] == 100).all()
    assert (drawn[2, 0] == 200).all()
    assert tuple(drawn[2, 2]) == LINE


@pytest.mark.parametrize(("side", "factor"), [(1, 4), (256, 4), (257, 3), (512, 2), (1024, 1), (2000, 1)])
def test_small_images_are_enlarged_by_whole_numbers(side, factor):
    labels = np.zeros((side, 3), np.uint16)
    assert outlined(np.zeros((side, 3, 3), np.uint8), labels).shape == (side * factor, 3 * factor, 3)
