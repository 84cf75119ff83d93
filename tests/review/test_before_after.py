from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellarena.evaluation.comparing import Comparing
from cellarena.review.before_after import CHANGE_COLUMNS, image_changes, row_changes, run_changes, same_images
from test_records import RECORD

SETTINGS = Comparing(smallest_effect=0.01, confidence=0.95, resamples=200)


def record(name, content, labels="l"):
    return replace(RECORD, id=name, sha256=content, labels_sha256=labels)


def values(run, seed, before, after):
    """Return F1 of a run of `unet-real` or `otsu-real` on images of its own order."""
    images = [f"i{k}" for k in range(len(before))]
    return pd.DataFrame({
        "run": f"{run}-{seed}", "row": run, "seed": seed, "metric": "f1", "image": images, "before": before,
        "after": after,
    })  # fmt: skip


def test_an_image_is_the_same_by_its_content_and_its_annotation_whatever_it_is_called():
    before = [record("a", "1"), record("b", "2"), record("c", "3")]
    after = [record("renamed", "1"), record("b", "2", "annotated anew"), record("c", "3")]
    assert same_images(before, after) == {"renamed": "a", "c": "c"}


def test_images_of_one_content_are_told_apart_by_their_names():
    twins = [record("a", "1"), record("b", "1")]
    assert same_images(twins, [record("b", "1"), record("c", "1")]) == {"b": "b"}


@given(st.lists(st.tuples(st.text("ab", min_size=1, max_size=3), st.sampled_from("12")), unique_by=lambda t: t[0]))
def test_a_manifest_has_all_images_of_itself(pairs):
    records = [record(*pair) for pair in pairs]
    assert same_images(records, records) == {name: name for name, _ in sorted(pairs)}


def test_the_difference_is_after_minus_before():
    table = run_changes(values("unet-real", 0, [0.5] * 8, np.linspace(0.6, 0.7, 8)), SETTINGS, [])
    assert list(table.columns) == CHANGE_COLUMNS
    (line,) = table.to_dict("records")
    assert line["name"] == "unet-real-0"
    assert line["difference"] == pytest.approx(0.15)
    assert 0 < line["images_low"] < 0.15 < line["images_high"]
    assert line["on_these_images"] == "better"
    assert line["verdict"] == "cannot tell"


def test_what_is_not_learned_is_judged_whole_with_its_one_run():
    table = run_changes(values("otsu-real", 0, np.linspace(0.6, 0.7, 8), [0.5] * 8), SETTINGS, ["otsu-real"])
    assert table["verdict"].tolist() == ["worse"]


def test_only_rows_of_several_changed_seeds_speak_of_the_model():
    shift = np.linspace(0.2, 0.21, 12)
    parts = [values("unet-real", seed, [0.5] * 12, 0.5 + shift + seed / 1000) for seed in (0, 1, 2)]
    table = row_changes(pd.concat([*parts, values("sac-real", 0, [0.5] * 12, 0.5 + shift)]), SETTINGS, [])
    assert table["name"].tolist() == ["unet-real"]
    assert table["n_seeds_a"].tolist() == [3]
    assert table["verdict"].tolist() == ["better"]


def test_a_value_that_is_undefined_on_one_side_does_not_count():
    (line,) = run_changes(values("unet-real", 0, [0.5, np.nan, 0.5], [0.6, 0.6, np.nan]), SETTINGS, []).to_dict(
        "records"
    )
    assert (line["n_images"], line["n_before"], line["n_after"]) == (1, 2, 2)
    assert line["difference"] == pytest.approx(0.1)


def test_images_come_by_how_much_they_changed():
    table = image_changes(values("unet-real", 0, [0.5, 0.5, 0.5, np.nan], [0.6, 0.5, 0.2, 0.1]))
    assert table["image"].tolist() == ["i2", "i0"]
    assert table["difference"].tolist() == [-0.3, 0.1]
