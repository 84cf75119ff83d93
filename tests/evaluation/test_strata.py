from dataclasses import replace

import numpy as np
import pytest

from cellarena.evaluation.strata import modality_slug, strata
from cellarena.evaluation.summary import summarize
from cellarena.records import Run
from scored import score
from test_records import RECORD

RUN = Run("unet", "real", 0)


def squares(side, n):
    """`n` of at most 4 squares in an image of 40 x 40 pixels, clear of the border."""
    labels = np.zeros((40, 40), np.uint8)
    for k in range(n):
        y, x = 4 + 18 * (k // 2), 4 + 18 * (k % 2)
        labels[y : y + side, x : x + side] = k + 1
    return labels


# Four sizes and four densities; e has nothing in it.
TRUE = {"a": squares(4, 1), "b": squares(8, 2), "c": squares(12, 3), "d": squares(14, 4), "e": squares(4, 0)}
RECORDS = [replace(RECORD, id=name, modality="DIC", height=40, width=40) for name in TRUE]


def table(found, run=RUN):
    """Scores of a run that found as many squares of each image as told."""
    pred = {name: np.where(true <= found[name], true, 0) for name, true in TRUE.items()}
    return run, score([(name, TRUE[name], pred[name]) for name in TRUE], run, [0.5], ["strict"])


def test_thirds_by_size_and_density():
    groups = strata(table(dict.fromkeys(TRUE, 4))[1], RECORDS)
    assert groups["size"].tolist()[:4] == ["small", "small", "medium", "large"]
    assert groups["size"].isna().tolist() == [False] * 4 + [True]
    # Densities are 1, 2, 3, 4 and 0 objects an image; their thirds end at 4/3 and 8/3.
    assert groups["density"].tolist() == ["sparse", "moderate", "dense", "dense", "sparse"]
    assert groups["n_true"].tolist() == [1, 2, 3, 4, 0]


def test_what_was_not_annotated_holds_no_objects():
    part = [replace(record, n_ignored=1200 if record.id == "a" else 0) for record in RECORDS]
    # Objects for each annotated 40 x 40 pixels are 4, 2, 3, 4 and 0.
    groups = strata(table(dict.fromkeys(TRUE, 4))[1], part)
    assert groups["density"].tolist() == ["dense", "sparse", "moderate", "dense", "sparse"]


def test_the_groups_follow_from_the_annotation_alone():
    full, none = (strata(table(dict.fromkeys(TRUE, found))[1], RECORDS) for found in (4, 0))
    assert full.equals(none)


def test_density_counts_an_images_own_pixels():
    wide = [replace(record, width=40 * (1 + 99 * (record.id == "d"))) for record in RECORDS]
    groups = strata(table(dict.fromkeys(TRUE, 4))[1], wide)
    assert groups["density"].tolist() == ["moderate", "dense", "dense", "sparse", "sparse"]


def test_equal_images_are_all_in_the_lower_third():
    true = squares(4, 2)
    scores = score([(name, true, true) for name in "abc"], RUN, [0.5], ["strict"])
    records = [replace(RECORD, id=name) for name in "abc"]
    assert strata(scores, records)["size"].tolist() == ["small"] * 3


@pytest.fixture
def cell():
    # F1: a 1, b 2/3 (1 of 2), c 1/2 (1 of 3), d 2/5 (1 of 4), e 1.
    return summarize([table({"a": 1, "b": 1, "c": 1, "d": 1, "e": 0})], RECORDS)["unet"]["real"]


def test_f1_by_group(cell):
    found = {name: cell[f"f1_{name}"] for name in ("small", "medium", "large", "sparse", "moderate", "dense", "dic")}
    expected = {"small": (1 + 2 / 3) / 2, "medium": 0.5, "large": 0.4, "sparse": 1, "moderate": 2 / 3, "dense": 0.45,
                "dic": (1 + 2 / 3 + 0.5 + 0.4 + 1) / 5}  # fmt: skip
    assert found == pytest.approx(expected, abs=1e-6)


def test_pooled_is_from_the_sums_of_counts(cell):
    assert cell["recall_pooled"] == pytest.approx(4 / 10)
    assert cell["precision_pooled"] == 1
    assert cell["f1_pooled"] == cell["f1_pooled_with_border"] == pytest.approx(8 / 14, abs=1e-6)


def test_medians(cell):
    assert cell["f1_median"] == pytest.approx(2 / 3, abs=1e-6)
    # Recall of e, which is empty on both sides, is 1.
    assert cell["recall_median"] == pytest.approx(1 / 2)


def test_without_the_largest_image(cell):
    assert cell["f1_without_largest"] == pytest.approx((1 + 2 / 3 + 0.5 + 1) / 4, abs=1e-6)
    assert cell["f1_pooled_without_largest"] == pytest.approx(6 / 9, abs=1e-6)


def test_metrics_of_whole_images_and_in_how_many_they_are_defined(cell):
    assert cell["map"] == pytest.approx((1 + 1 / 2 + 1 / 3 + 1 / 4 + 1) / 5, abs=1e-6)
    assert cell["sq"] == 1
    assert (cell["n_map"], cell["n_sq"], cell["n_hd95"], cell["n_aji"]) == (5, 4, 4, 5)
    assert cell["count_error"] == pytest.approx((0 - 1 - 2 - 3 + 0) / 5)


def test_a_group_without_images_is_undefined():
    cell = summarize([(RUN, score([("a", TRUE["a"], TRUE["a"])], RUN, [0.5], ["strict"]))], RECORDS[:1])["unet"]["real"]
    assert cell["f1_small"] == 1
    assert cell["f1_large"] is cell["f1_without_largest"] is cell["f1_pooled_without_largest"] is None


def test_a_failed_image_is_pooled_as_missed():
    scores = score([(name, true, None if name == "d" else true) for name, true in TRUE.items()], RUN, [0.5], ["strict"])
    cell = summarize([(RUN, scores)], RECORDS)["unet"]["real"]
    assert cell["recall_pooled"] == 6 / 10


@pytest.mark.parametrize("name", ["small", "dense", "pooled", "without largest", "median"])
def test_a_modality_never_takes_the_name_of_an_aggregate(name):
    assert modality_slug(name).endswith("_images")
