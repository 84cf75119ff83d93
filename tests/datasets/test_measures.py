"""Objects, classes and intensities of single images, worked by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cellarena.datasets.describing.measures import CHANNEL, OBJECT, class_shares, measure_channels, measure_objects
from cellarena.tables import names_of
from cellarena.targets.three_class import ThreeClass

LABELS = hnp.arrays(
    np.uint16, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12), elements=st.integers(0, 5)
)
TARGET = ThreeClass(boundary=1, seed=0.5, waist=0.6, foreground=0.5, seed_size=1, min_size=1)


def measured(labels):
    return measure_objects(np.asarray(labels)).set_index("label")


def test_area_and_diameter_are_those_of_the_circle_of_equal_area():
    labels = np.zeros((20, 20), np.uint16)
    labels[5:9, 5:9] = 7
    row = measured(labels).loc[7]
    assert row["area"] == 16
    assert row["diameter"] == pytest.approx(4.51352, abs=1e-5)


@pytest.mark.parametrize(
    ("row", "column", "touches"), [(2, 5, True), (4, 5, True), (4, 1, True), (5, 3, False), (2, 6, False)]
)
def test_touching_is_by_side_or_corner(row, column, touches):
    labels = np.zeros((9, 9), np.int32)
    labels[2:4, 2:5] = 1
    labels[row, column] = 9
    assert measured(labels)["touching"].tolist() == [touches, touches]


def test_an_object_that_reaches_the_two_outermost_rows_is_cut():
    labels = np.zeros((12, 12), np.uint8)
    labels[1, 5], labels[2, 2], labels[9, 9], labels[5, 10] = 1, 2, 3, 4
    assert measured(labels)["cut"].to_dict() == {1: True, 2: False, 3: False, 4: True}


def test_pieces_hang_together_by_corners():
    labels = np.zeros((10, 10), np.uint16)
    labels[1, 1] = labels[2, 2] = 1
    labels[5, 1] = labels[5, 3] = labels[8, 8] = 2
    assert measured(labels)["n_pieces"].to_dict() == {1: 1, 2: 3}


def test_without_objects_the_table_has_its_columns_and_no_row():
    table = measure_objects(np.zeros((4, 4), np.uint16))
    assert list(table.columns) == names_of(OBJECT)
    assert table.empty


def test_labels_beyond_32_bits_are_kept():
    assert measured(np.array([[0, 2**40, 2**40 + 1]]))["touching"].to_dict() == {2**40: True, 2**40 + 1: True}


@given(LABELS)
def test_transposing_and_flipping_change_nothing(labels):
    expected = measured(labels)
    for other in (labels.T, labels[::-1], labels[:, ::-1]):
        assert measured(other).equals(expected)


@given(LABELS)
def test_areas_add_up_to_the_foreground_and_pieces_to_at_least_one_each(labels):
    table = measure_objects(labels)
    assert table["area"].sum() == np.count_nonzero(labels)
    assert (table["n_pieces"] >= 1).all()
    assert table["label"].tolist() == np.unique(labels[labels > 0]).tolist()


def test_class_shares_of_a_square():
    labels = np.zeros((10, 10), np.uint16)
    labels[2:6, 2:6] = 1
    everywhere = np.ones(labels.shape, bool)
    shares = class_shares(labels, everywhere, TARGET)
    assert shares == pytest.approx({"background": 0.84, "interior": 0.04, "boundary": 0.12})
    upper = everywhere.copy()
    upper[6:] = False
    shares = class_shares(labels, upper, TARGET)
    assert shares == pytest.approx({"background": 44 / 60, "interior": 4 / 60, "boundary": 12 / 60})
    assert np.isnan(list(class_shares(labels, ~everywhere, TARGET).values())).all()


@given(LABELS)
def test_class_shares_add_up_to_one(labels):
    assert sum(class_shares(labels, np.ones(labels.shape, bool), TARGET).values()) == pytest.approx(1)


def test_every_channel_is_a_row():
    image = np.zeros((10, 10, 3), np.uint16)
    image[..., 1] = np.arange(100).reshape(10, 10)
    image[:5, :, 2] = 4095
    table = measure_channels(image)
    assert list(table.columns) == names_of(CHANNEL)
    assert table["channel"].tolist() == [0, 1, 2]
    assert table["n_levels"].tolist() == [1, 100, 2]
    assert table["maximum"].tolist() == [0, 99, 4095]
    assert table["at_maximum"].tolist() == pytest.approx([1, 0.01, 0.5])
    assert table["p01"][1] == pytest.approx(0.99)
    assert table["range_used"].tolist() == pytest.approx([0, 99 / 65535, 4095 / 65535])


@pytest.mark.parametrize(
    ("dtype", "full_scale", "used"), [(np.uint8, 255, 1 / 255), (np.int16, 32767, 1 / 65535), (bool, 1, 1)]
)
def test_the_range_is_that_of_the_pixel_type(dtype, full_scale, used):
    row = measure_channels(np.array([[0, 1]], dtype)).loc[0]
    assert row["full_scale"] == full_scale
    assert row["range_used"] == pytest.approx(used)


def test_floats_have_no_full_scale():
    row = measure_channels(np.array([[0.25, 0.75]], np.float32)).loc[0]
    assert np.isnan(row[["full_scale", "range_used"]].to_numpy(float)).all()
    assert (row["minimum"], row["maximum"], row["mean"]) == (0.25, 0.75, 0.5)
