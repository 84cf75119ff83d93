"""Tables of a data set, worked by hand from a few images."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from cellarena.datasets.describing.exploration import (
    formats,
    intensity_summary,
    measure,
    near_duplicates,
    subset_members,
    summary,
)
from cellarena.datasets.describing.tables import ALL
from cellarena.records import Record
from cellarena.targets.three_class import ThreeClass

TARGET = ThreeClass(boundary=1, seed=0.5, waist=0.6, foreground=0.5, seed_size=1, min_size=1)
LEAKAGE = {"near_duplicates": [{"why": "near-duplicates", "images": {"b": "train", "a": "test"}}]}


def record(name, modality):
    return Record(
        id=name, image=f"{name}.tiff", labels=f"{name}_label.tiff", modality=modality, group="", subset="", height=20,
        width=20, channels=1, dtype="uint8", n_objects=0, sha256=name, labels_sha256=name, source="s",
        licence="CC0-1.0",
    )  # fmt: skip


def squares(*sides, size=20):
    """Return a label image of squares side by side, each with its upper left corner in row 4."""
    labels, column = np.zeros((size, size), np.uint16), 3
    for number, side in enumerate(sides, start=1):
        labels[4 : 4 + side, column : column + side] = number
        column += side + 1
    return labels


@pytest.fixture
def data():
    """Two images of DIC with 2 and 1 cells, one of fluorescence with none."""
    images = {
        "a": ("DIC", "test", squares(2, 4), np.full((20, 20), 7, np.uint8)),
        "b": ("DIC", "train", squares(6), np.arange(400, dtype=np.uint8).reshape(20, 20)),
        "c": ("fluorescence", "train", squares(size=40), np.zeros((40, 40, 3), np.uint16)),
    }
    found = [measure(record(name, m), s, image, labels, None, TARGET) for name, (m, s, labels, image) in images.items()]
    return (
        pd.DataFrame([one.image for one in found]),
        pd.concat([one.channels for one in found], ignore_index=True),
        pd.concat([one.objects for one in found], ignore_index=True),
        near_duplicates(LEAKAGE, [record(name, m) for name, (m, *_) in images.items()]),
    )


def test_an_image_is_a_row_with_what_it_holds(data):
    row = data[0].set_index("image").loc["a"]
    assert (row["modality"], row["subset"], row["height"], row["dtype"], row["bits"]) == ("DIC", "test", 20, "uint8", 8)
    assert (row["n_objects"], row["n_inner"], row["area_median"]) == (2, 2, 10)
    assert row["density"] == pytest.approx(5000)


def test_an_image_without_objects_has_undefined_areas(data):
    row = data[0].set_index("image").loc["c"]
    assert (row["n_objects"], row["density"], row["background"]) == (0, 0, 1)
    assert np.isnan(row["area_median"])
    assert np.isnan(row["touching"])


def test_pixels_that_nobody_annotated_have_no_class_and_are_counted():
    ignored = np.zeros((20, 20), bool)
    ignored[:, 10:] = True
    image = np.zeros((20, 20), np.uint8)
    part, none, whole = (
        measure(record(name, "DIC"), "train", image, squares(side), mask, TARGET)
        for name, side, mask in (("a", 4, ignored), ("b", 0, ignored | True), ("c", 0, None))
    )
    assert (part.image["n_ignored"], part.image["density"]) == (200, pytest.approx(5000))
    assert (part.image["background"], part.image["interior"]) == (184 / 200, 4 / 200)
    assert np.isnan([none.image["background"], none.image["density"]]).all()
    images = pd.DataFrame([one.image for one in (part, none, whole)])
    objects = pd.concat([one.objects for one in (part, none, whole)])
    found = summary(images, objects, near_duplicates({"near_duplicates": []}, [])).iloc[0]
    assert found["n_ignored"] == 600
    assert found["background"] == pytest.approx((184 + 400) / 600)


def test_image_and_labels_of_two_sizes_are_refused():
    with pytest.raises(ValueError, match=r"a: image \(3, 4\) and labels \(4, 3\) differ"):
        measure(record("a", "DIC"), "test", np.zeros((3, 4)), np.zeros((4, 3), int), None, TARGET)


def test_summary_has_a_row_per_modality_and_one_of_all(data):
    images, _, objects, duplicates = data
    table = summary(images, objects, duplicates).set_index("modality")
    assert table.index.tolist() == ["DIC", "fluorescence", ALL]
    counts = ["n_images", "n_train", "n_val", "n_test", "n_near_duplicates", "n_objects", "n_empty"]
    assert table[counts].to_numpy().tolist() == [[2, 1, 0, 1, 2, 3, 0], [1, 1, 0, 0, 0, 0, 1], [3, 2, 0, 1, 2, 3, 1]]
    assert table["area_median"].tolist()[::2] == [16, 16]
    assert table["cells_median"].tolist() == [1.5, 0, 1]
    assert table[["bits", "channels"]].to_numpy().tolist() == [["8", "1"], ["16", "3"], ["8/16", "1/3"]]
    assert table.loc["fluorescence", ["area_median", "diameter_median", "touching", "cut"]].isna().all()


def test_pixel_sizes_are_told_and_areas_are_in_micrometres_too():
    sizes = {"a": (0.5, 0.5), "b": (0.5, 0.25), "c": None}
    found = []
    for name, size in sizes.items():
        height, width = size or (None, None)
        one = replace(record(name, "DIC"), pixel_height=height, pixel_width=width)
        found.append(measure(one, "train", np.zeros((20, 20), np.uint8), squares(4), None, TARGET))
    assert [one.objects["area_um2"].tolist() for one in found[:2]] == [[4.0], [2.0]]
    assert found[2].objects["area_um2"].isna().all()
    images = pd.DataFrame([one.image for one in found])
    objects = pd.concat([one.objects for one in found], ignore_index=True)
    row = summary(images, objects, near_duplicates({"near_duplicates": []}, [])).set_index("modality").loc["DIC"]
    assert (row["n_pixel_sizes"], row["pixel_sizes"]) == (3, "0.5 x 0.25 µm (1), 0.5 µm (1), unknown (1)")


def test_classes_are_shares_of_all_pixels_not_of_images(data):
    images, _, objects, duplicates = data
    table = summary(images, objects, duplicates).set_index("modality")
    assert table.loc["DIC", "background"] == pytest.approx(1 - 56 / 800)
    assert table.loc[ALL, "background"] == pytest.approx(1 - 56 / 2400)
    assert table[["background", "interior", "boundary"]].sum(axis=1).tolist() == pytest.approx([1, 1, 1])


def test_formats_count_images_of_a_size_and_type(data):
    rows = formats(data[0]).to_numpy().tolist()
    assert rows == [["DIC", 20, 20, 1, "uint8", 2], ["fluorescence", 40, 40, 3, "uint16", 1]]


def test_a_subset_without_images_is_a_row(data):
    table = subset_members(data[0]).set_index(["modality", "subset"])
    assert table.loc[("DIC", "val")].tolist() == [0, 0]
    assert table.loc[("DIC", "test")].tolist() == [1, 2]
    assert table.loc[(ALL, "train")].tolist() == [2, 1]
    assert len(table) == 9


def test_intensities_tell_constant_channels_from_clipped_ones(data):
    images, channels, _, _ = data
    table = intensity_summary(channels, images).set_index(["modality", "dtype", "channel"])
    assert table.index.tolist() == [("DIC", "uint8", 0), *(("fluorescence", "uint16", c) for c in range(3))]
    assert table["n_constant"].tolist() == [1, 1, 1, 1]
    assert table["n_clipped"].tolist() == [0, 0, 0, 0]
    clipped = channels.assign(at_maximum=0.02)
    assert intensity_summary(clipped, images)["n_clipped"].tolist() == [1, 0, 0, 0]
    assert table["maximum"].tolist() == [255, 0, 0, 0]


def test_near_duplicates_are_rows_with_their_group(data):
    rows = data[3].to_numpy().tolist()
    assert rows == [[1, "a", "DIC", "test", 2], [1, "b", "DIC", "train", 2]]


def test_a_near_duplicate_that_is_no_record_is_named():
    with pytest.raises(KeyError, match="a"):
        near_duplicates(LEAKAGE, [record("b", "DIC")])
