import numpy as np
import pandas as pd
import pytest

from cellarena.evaluation.answers import Annotation, Answer
from cellarena.evaluation.calibration.comparison import (
    CALIBRATION,
    Calibration,
    mean_curves,
    pooled_reliability,
    side_by_side,
)
from cellarena.evaluation.calibration.per_image import image_calibration
from cellarena.evaluation.calibration.tables import (
    curve_table,
    image_table,
    object_table,
    reliability_table,
    summary_table,
)
from cellarena.evaluation.comparing import Comparing
from cellarena.images.probabilities import encoded
from cellarena.records import Run
from cellarena.targets.three_class import ThreeClass
from test_records import RECORD

SETTINGS = Comparing(smallest_effect=0.01, confidence=0.95, resamples=1000)
RUN = Run("unet", "real", 0)
TARGET = ThreeClass(boundary=1, seed=0.5, waist=0.6, foreground=0.5, seed_size=1, min_size=1)


def squares(*corners, size=48):
    labels = np.zeros((size, size), np.uint16)
    for label, (row, column) in enumerate(corners, start=1):
        labels[row : row + 10, column : column + 10] = label
    return labels


def judged(true, pred, sure, temperature=1.0):
    """Judge an image whose predicted classes each get the probability `sure`."""
    chosen = np.eye(3)[TARGET.true_classes(pred)]
    probabilities = np.where(chosen > 0, sure, (1 - sure) / 2).astype(np.float32)
    codes = encoded(np.moveaxis(probabilities, -1, 0))
    return image_calibration(
        Answer.of(Annotation(RECORD, true, true), pred), TARGET.true_classes(true), codes, temperature
    )


TRUE = squares((5, 5), (25, 25))
HALF = squares((5, 5), (25, 5))
IMAGES = {
    "b": judged(TRUE, TRUE, 0.9, 2.0),
    "a": judged(TRUE, HALF, 0.8, 2.0),
    "c": judged(squares(), squares(), 0.95, 2.0),
    "d": None,
}


def value(table, **where):
    for column, wanted in where.items():
        table = table[table[column] == wanted]
    (only,) = table.to_dict("records")
    return only


def test_an_image_by_hand():
    table = image_table(IMAGES, RUN)
    assert value(table, image="b", region="all", scaling="raw", metric="accuracy")["value"] == 1
    assert value(table, image="b", region="all", scaling="raw", metric="ece")["value"] == pytest.approx(0.1, abs=0.004)
    scaled = value(table, image="b", region="all", scaling="scaled", metric="ece")["value"]
    # Odds of 18 to 1 against each of two classes become their square root.
    assert scaled == pytest.approx(1 - 18**0.5 / (18**0.5 + 2), abs=0.01)
    assert value(table, image="b", region="all", scaling="raw", metric="n_pixels")["value"] == 48 * 48
    # Two squares of 10: 3 px outside with corners of 4 pixels, 3 px inside.
    band = value(table, image="b", region="boundary", scaling="raw", metric="n_pixels")["value"]
    assert band == 2 * (4 * 30 + 4 * 4 + 100 - 16)


def test_an_image_without_probabilities_is_a_row_without_values():
    table = image_table(IMAGES, RUN)
    assert table["image"].unique().tolist() == ["a", "b", "c", "d"]
    failed = table[(table["image"] == "d") & (table["metric"] != "n_pixels")]
    assert failed["value"].isna().all()
    assert len(failed) == len(table[(table["image"] == "a") & (table["metric"] != "n_pixels")])


def test_the_band_of_an_image_without_objects_is_empty():
    found = value(image_table(IMAGES, RUN), image="c", region="boundary", scaling="raw", metric="ece")
    assert np.isnan(found["value"])


def test_objects_by_hand():
    table = object_table(IMAGES, RUN)
    assert table[["image", "label", "matched"]].to_numpy().tolist() == [
        ["a", 1, 1],
        ["a", 2, 0],
        ["b", 1, 1],
        ["b", 2, 1],
    ]
    # Interior 0.8 and boundary 0.1 are foreground, and the other way about.
    assert table["confidence"].tolist() == pytest.approx([0.9, 0.9, 0.95, 0.95], abs=0.003)
    assert (table["confidence_scaled"] < table["confidence"]).all()


def test_the_summary_pools_pixels_and_counts_what_it_rests_on():
    table = summary_table(IMAGES, RUN, SETTINGS, np.random.default_rng(0))
    whole = value(table, region="all", metric="accuracy", scaling="raw")
    by_image = image_table(IMAGES, RUN)
    each = [value(by_image, image=i, region="all", scaling="raw", metric="accuracy")["value"] for i in "abc"]
    assert whole["value"] == pytest.approx(np.mean(each))
    assert (whole["n"], whole["n_images"], whole["n_failed"]) == (3 * 48 * 48, 3, 1)
    assert whole["low"] <= whole["value"] <= whole["high"]
    assert value(table, region="boundary", metric="ece", scaling="raw")["n_images"] == 2
    found = value(table, region="objects", metric="precision", scaling="raw")
    assert (found["value"], found["n"], found["n_images"]) == (0.75, 4, 2)
    for metric in ("ece", "nll"):
        before, after, change = (
            value(table, region="all", metric=metric, scaling=s)["value"] for s in ("raw", "scaled", "difference")
        )
        assert change == pytest.approx(after - before)


def test_the_summary_is_the_same_for_the_same_stream():
    one, other = (summary_table(IMAGES, RUN, SETTINGS, np.random.default_rng(3)) for _ in range(2))
    pd.testing.assert_frame_equal(one, other)


def test_bins_hold_every_pixel_and_every_object_once():
    table = reliability_table(IMAGES, RUN)
    n = table.groupby(["region", "scaling"])["n"].sum()
    assert n["all", "raw"] == n["all", "scaled"] == 3 * 48 * 48
    assert n["objects", "raw"] == 4
    filled = table[(table["region"] == "all") & (table["scaling"] == "raw") & (table["n"] > 0)]
    assert ((filled["low"] <= filled["confidence"]) & (filled["confidence"] < filled["high"])).all()
    assert table.loc[table["n"] == 0, ["confidence", "accuracy"]].isna().all(axis=None)


def test_a_curve_ends_at_all_objects():
    table = curve_table(IMAGES, RUN)
    raw = table[table["scaling"] == "raw"]
    assert raw["coverage"].tolist() == [0.5, 1.0]
    assert raw["risk"].tolist() == [0, 0.25]


@pytest.mark.parametrize("images", [{}, {"a": None}], ids=["no image", "a failed one"])
def test_where_nothing_was_predicted_all_is_undefined(images):
    table = summary_table(images, RUN, SETTINGS, np.random.default_rng(0))
    assert table[["value", "low", "high"]].isna().all(axis=None)
    assert (table["n"] == 0).all()
    assert len(reliability_table(images, RUN)) == 3 * 2 * 15
    assert curve_table(images, RUN).empty
    assert list(object_table(images, RUN).columns) == list(object_table(IMAGES, RUN).columns)


def test_without_a_temperature_only_what_was_predicted_is_defined():
    table = summary_table({"a": judged(TRUE, HALF, 0.8, np.nan)}, RUN, SETTINGS, np.random.default_rng(0))
    defined = table.groupby("scaling")["value"].count()
    assert defined["raw"] > 10
    assert defined["scaled"] == defined["difference"] == 0


def calibration(run, images):
    summary = summary_table(images, run, SETTINGS, np.random.default_rng(0))
    return Calibration(run, 2.0, summary, reliability_table(images, run), curve_table(images, run))


def test_runs_stand_side_by_side_and_one_without_probabilities_is_there():
    table = side_by_side([calibration(RUN, IMAGES)], [Run("otsu", "real", 0)])
    assert list(table.columns) == CALIBRATION.names
    learned, floor = (table[table["model"] == name] for name in ("unet", "otsu"))
    assert learned[["region", "metric"]].to_numpy().tolist() == floor[["region", "metric"]].to_numpy().tolist()
    assert floor[["raw", "scaled", "difference", "temperature"]].isna().all(axis=None)
    assert (floor["n"] == 0).all()
    row = value(learned, region="all", metric="nll")
    assert row["difference"] == pytest.approx(row["scaled"] - row["raw"])
    assert (row["temperature"], row["n"], row["n_failed"]) == (2.0, 3 * 48 * 48, 1)


def test_seeds_are_pooled_pixel_by_pixel():
    one = {"a": judged(TRUE, TRUE, 0.9)}
    other = {"a": judged(TRUE, HALF, 0.9), "b": judged(TRUE, HALF, 0.9)}
    table = pooled_reliability([calibration(Run("unet", "real", k), part) for k, part in enumerate((one, other))])
    together = reliability_table({"a": one["a"], "b": other["a"], "c": other["b"]}, RUN)
    assert set(table["row"]) == {"unet"}
    pd.testing.assert_frame_equal(
        table.drop(columns="row").astype({"n": "int64"}), together.drop(columns="run"), check_like=True
    )


def test_the_curve_of_a_row_is_the_mean_of_its_seeds():
    wrong = {"a": judged(TRUE, squares((5, 30)), 0.9)}
    right = {"a": judged(TRUE, TRUE, 0.9)}
    curves = mean_curves([
        calibration(Run("unet", "real", 0), wrong), calibration(Run("unet", "real", 1), right),
        calibration(Run("sac", "real", 0), {"a": None}),
    ])  # fmt: skip
    assert list(curves.columns) == ["coverage", "unet", "sac"]
    assert curves["unet"].tolist() == [0.5] * 201
    assert curves["sac"].isna().all()
