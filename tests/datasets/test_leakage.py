import json
from dataclasses import replace

import pytest

from cellarena.datasets.splitting.leakage import leakage_report, refuse_crossings
from cellarena.records import Record

PLAIN = Record(
    id="", image="i.png", labels="l.tiff", modality="fluorescence", group="", subset="", height=8, width=8, channels=1,
    dtype="uint8", n_objects=1, sha256="0", labels_sha256="0", source="s", licence="CC0-1.0",
)  # fmt: skip


def record(name, **changes):
    return replace(PLAIN, id=name, **changes)


SUBSETS = {
    "train": [record("a"), record("b"), record("c", modality="histology")],
    "val": [record("d")],
    "test": [record("e"), record("f", modality="histology")],
}


def test_counts_and_missing_modalities():
    report = leakage_report(SUBSETS, [])
    assert report["n_images"] == {
        "train": {"fluorescence": 2, "histology": 1},
        "val": {"fluorescence": 1, "histology": 0},
        "test": {"fluorescence": 1, "histology": 1},
    }
    assert report["missing"] == {"train": [], "val": ["histology"], "test": []}


def test_groups_inside_a_subset_are_listed_and_pass():
    report = leakage_report(SUBSETS, [["b", "a"], ["d"]])
    assert report["near_duplicates"] == [{"why": "near-duplicates", "images": {"a": "train", "b": "train"}}]
    assert report["crossings"] == []
    refuse_crossings(report)


def test_a_crossing_is_refused_by_name():
    report = leakage_report(SUBSETS, [["e", "a"]])
    assert report["crossings"] == [{"why": "near-duplicates", "images": {"a": "train", "e": "test"}}]
    with pytest.raises(ValueError, match=r"a \(train\), e \(test\).*split\.waiver"):
        refuse_crossings(report)


def test_a_waived_crossing_is_reported_with_its_reason():
    report = leakage_report(SUBSETS, [["e", "a"]], "the test set is given")
    assert report["waiver"] == "the test set is given"
    assert len(report["crossings"]) == 1
    refuse_crossings(report)


def test_a_torn_group_of_records_is_a_crossing():
    subsets = {"train": [record("a", group="lapse")], "val": [record("b")], "test": [record("c", group="lapse")]}
    report = leakage_report(subsets, [])
    assert report["crossings"] == [{"why": "group lapse", "images": {"a": "train", "c": "test"}}]
    assert report["near_duplicates"] == []


def test_report_is_strict_json_and_independent_of_order():
    turned = {name: records[::-1] for name, records in SUBSETS.items()}
    left = json.dumps(leakage_report(SUBSETS, [["a", "b"], ["e", "f"]]), allow_nan=False)
    assert left == json.dumps(leakage_report(turned, [["f", "e"], ["b", "a"]]), allow_nan=False)


def test_unknown_ids_are_refused():
    with pytest.raises(ValueError, match="nobody"):
        leakage_report(SUBSETS, [["a", "nobody"]])
