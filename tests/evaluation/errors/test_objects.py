import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cellarena.evaluation.errors.objects import MEASURES, measure
from cellarena.tables import names_of


def squares():
    """Two squares of 4 x 4 and one that touches the frame, all on a ground of 10; values 30 and 30, noise on none."""
    labels = np.zeros((30, 40), np.uint16)
    labels[10:14, 10:14], labels[10:14, 17:21], labels[20:24, 37:39] = 5, 9, 2
    image = np.full((30, 40), 10.0)
    image[labels > 0] = 30
    return labels, image


def test_by_hand():
    labels, image = squares()
    image[10:14:2, 10:14] = 34
    table = measure(labels, image).set_index("label")
    assert table.index.tolist() == [2, 5, 9]
    assert table["area"].tolist() == [8, 16, 16]
    assert table.loc[5, "diameter"] == pytest.approx(2 * np.sqrt(16 / np.pi))
    assert table.loc[5, ["centroid_y", "centroid_x"]].tolist() == [11.5, 11.5]
    assert table["touches_border"].tolist() == [1, 0, 0]
    # From column 13 to 17, and from (13, 20) to (20, 37).
    assert table["neighbour_distance"].tolist() == [np.hypot(7, 17), 4, 4]
    # 32 on average with a variance of 4, against 10 without any.
    assert table.loc[5, "contrast"] == pytest.approx(22 / np.sqrt(2))
    assert np.isnan(table.loc[9, "contrast"])


def test_contrast_is_against_the_background_only_and_has_a_sign():
    rng = np.random.default_rng(0)
    labels, image = squares()
    image = image + rng.normal(0, 1, image.shape)
    bright = measure(labels, image).set_index("label")["contrast"]
    dark = measure(labels, -image).set_index("label")["contrast"]
    assert (bright > 10).all()
    assert dark.to_numpy() == pytest.approx(-bright.to_numpy())
    # The neighbour's pixels are no background of object 5.
    image[labels == 9] = 1000
    assert measure(labels, image).set_index("label")["contrast"][5] == bright[5]


def test_an_object_without_background_or_neighbour_has_no_contrast_or_distance():
    row = measure(np.ones((5, 5), int), np.arange(25).reshape(5, 5)).iloc[0]
    assert np.isnan(row["contrast"])
    assert np.isnan(row["neighbour_distance"])


def test_colours_count_by_their_mean():
    labels, image = squares()
    image[10, 10] = 12
    rgb = np.stack([image, 0 * image, 2 * image], axis=2)
    grey = measure(labels, image)["contrast"].tolist()
    assert measure(labels, rgb)["contrast"].tolist() == pytest.approx(grey, nan_ok=True)


def test_no_object_is_an_empty_table():
    table = measure(np.zeros((3, 3), int), np.zeros((3, 3)))
    assert table.columns.tolist() == ["label", *names_of(MEASURES)]
    assert table.empty


def test_sizes_must_agree():
    with pytest.raises(ValueError, match=r"\(3, 4\).*\(4, 3\)"):
        measure(np.zeros((4, 3), int), np.zeros((3, 4)))


@given(arrays(np.uint8, (9, 11), elements=st.integers(0, 12).map(lambda v: v if v < 4 else 0)))
def test_neighbour_distance_is_that_of_all_pairs_of_pixels(labels):
    table = measure(labels, labels).set_index("label")
    for label in table.index:
        own, others = np.argwhere(labels == label), np.argwhere((labels != label) & (labels > 0))
        found = table.loc[label, "neighbour_distance"]
        if not len(others):
            assert np.isnan(found)
        else:
            exact = np.hypot(*(own[:, None] - others[None]).transpose(2, 0, 1)).min()
            assert exact <= found + 1e-9
            assert found <= exact + 1
