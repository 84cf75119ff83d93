import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from cellarena.evaluation.costs import PredictionCosts, TrainingCosts
from cellarena.evaluation.coverage import ImageStatus, coverage
from cellarena.evaluation.leaderboard import costs_by_row, leaderboard
from cellarena.evaluation.scores import THRESHOLDS
from cellarena.evaluation.strata import modality_slug
from cellarena.evaluation.summary import f1_over_thresholds, per_image, summarize
from cellarena.records import Record, Run
from scored import score

PLAIN = Record(
    id="", image="i.png", labels="l.tiff", modality="Phase contrast", group="", subset="", height=8, width=8,
    channels=1, dtype="uint8", n_objects=1, sha256="0", labels_sha256="0", source="s", licence="CC0-1.0",
)  # fmt: skip
RECORDS = [replace(PLAIN, id="a"), replace(PLAIN, id="b"), replace(PLAIN, id="c", modality="DIC")]


def cells(n_cells, height=4):
    """`n_cells` of at most 3 cells, 4 pixels wide and `height` of 4 pixels high, all clear of the border."""
    labels = np.zeros((12, 24), np.uint8)
    for n in range(n_cells):
        labels[4 : 4 + height, 4 + 6 * n : 8 + 6 * n] = n + 1
    return labels


TRUE = cells(3)


def table(run, *preds):
    return run, score(zip("abc", [TRUE] * 3, preds, strict=True), run, THRESHOLDS, ["strict"])


# F1 by image: 1, 0.8 (2 of 3), 0 | 1, 1, 0.5 (1 of 3)
ZERO = table(Run("unet", "real", 0), TRUE, cells(2), None)
ONE = table(Run("unet", "real", 1), TRUE, TRUE, cells(1))
# three of four rows: IoU 0.75 of every cell
OTSU = table(Run("otsu", "real", 0), cells(3, 3), cells(3, 3), cells(0))
TABLES = [ZERO, ONE, OTSU]


def covered(tables, status="ok"):
    """Return a coverage table in which every cell of these runs has the same status."""
    cells = {run: [ImageStatus(image, status, "t", "p", "") for image in "abc"] for run, _ in tables}
    return coverage("abc", cells, {(run, image): ("t", "p") for run in cells for image in "abc"})


def test_numbers_by_hand():
    unet = summarize(TABLES, RECORDS)["unet"]["real"]
    assert unet["f1"] == pytest.approx((1.8 / 3 + 2.5 / 3) / 2, abs=1e-6)
    assert unet["f1_seed_min"] == pytest.approx(0.6)
    assert unet["f1_seed_max"] == pytest.approx(2.5 / 3, abs=1e-6)
    assert unet["f1_median"] == pytest.approx((0.8 + 1) / 2)
    assert unet["f1_phase_contrast"] == pytest.approx((0.9 + 1) / 2)
    assert unet["f1_dic"] == pytest.approx(0.25)
    assert unet["recall"] == pytest.approx(((1 + 2 / 3 + 0) / 3 + (1 + 1 + 1 / 3) / 3) / 2, abs=1e-6)
    assert (unet["failed"], unet["n_images"], unet["n_seeds"]) == (1, 3, 2)


def test_undefined_cells_are_left_out_and_counted():
    unet = summarize(TABLES, RECORDS)["unet"]["real"]
    assert unet["precision"] == 1
    assert (unet["n_precision"], unet["n_recall"]) == (5, 6)


def test_all_thresholds():
    otsu = summarize(TABLES, RECORDS)["otsu"]["real"]
    assert otsu["f1"] == pytest.approx(2 / 3, abs=1e-6)
    assert otsu["f1_all"] == pytest.approx(0.6 * 2 / 3)


def test_nothing_defined_is_null_in_strict_json():
    blind = table(Run("unet", "real", 0), None, None, None)
    summary = json.loads(json.dumps(summarize([blind], RECORDS), allow_nan=False))
    assert summary["unet"]["real"]["precision"] is None
    assert summary["unet"]["real"]["f1"] == 0
    assert summary["unet"]["real"]["failed"] == 3


def test_modality_never_hides_another_metric():
    records = [replace(record, modality="all") for record in RECORDS]
    cell = summarize([OTSU], records)["otsu"]["real"]
    assert cell["f1_all"] == pytest.approx(0.4)
    assert cell["f1_all_images"] == cell["f1"]


def costs(seconds, n_over, share):
    """Return what a run cost: its training and a prediction of three images."""
    prediction = PredictionCosts(
        variant="wide", device="cpu", n_parameters=1000, multiply_adds_per_megapixel=2e9, seconds_per_megapixel=seconds,
        peak_memory_mb=100 * seconds, slowest_image="a", slowest_share_of_tolerance=share, n_over_tolerance=n_over,
        n_images=3,
    )  # fmt: skip
    return TrainingCosts(seconds=10 * seconds), prediction


def test_costs_are_means_of_the_seeds_and_the_worst_image_counts():
    table = costs_by_row({ZERO[0]: costs(1, 0, 0.5), ONE[0]: costs(3, 2, 1.5), OTSU[0]: (None, None)})
    unet, otsu = (table.set_index("model").loc[name] for name in ("unet", "otsu"))
    assert (unet["seconds_per_megapixel"], unet["training_seconds"], unet["peak_memory_mb"]) == (2, 20, 200)
    assert (unet["slowest_share_of_tolerance"], unet["n_over_tolerance"], unet["n_timed"]) == (1.5, 2, 6)
    assert (unet["time_tolerance"], unet["variant"], unet["n_parameters"]) == ("misses", "wide", 1000)
    assert (otsu["time_tolerance"], otsu["n_timed"], otsu["n_trainings"], otsu["variant"]) == ("not measured", 0, 0, "")
    assert otsu[["n_parameters", "training_seconds", "slowest_share_of_tolerance", "n_over_tolerance"]].isna().all()


def test_costs_of_the_seeds_that_were_measured():
    table = costs_by_row({ZERO[0]: (None, None), ONE[0]: (None, costs(3, 0, 0.5)[1])}).set_index("model")
    assert table.loc["unet", "time_tolerance"] == "meets"
    assert (table.loc["unet", "n_timed"], table.loc["unet", "seconds_per_megapixel"]) == (3, 3)
    assert np.isnan(table.loc["unet", "training_seconds"])


def test_order_of_the_tables_does_not_matter():
    assert json.dumps(summarize(TABLES, RECORDS)) == json.dumps(summarize(TABLES[::-1], RECORDS[::-1]))


def test_leaderboard_is_best_first():
    board = leaderboard(summarize(TABLES, RECORDS), covered(TABLES))
    assert board[["model", "arm"]].to_numpy().tolist() == [["unet", "real"], ["otsu", "real"]]
    assert board["f1"].is_monotonic_decreasing


def test_the_leaderboard_says_how_many_cells_it_rests_on():
    board = leaderboard(summarize(TABLES, RECORDS), covered(TABLES, "empty")).set_index("model")
    assert board.loc["unet", ["n_expected", "n_covered", "n_empty"]].tolist() == [6, 6, 6]
    assert board.loc["otsu", ["n_expected", "n_covered", "n_empty"]].tolist() == [3, 3, 3]


def test_the_leaderboard_refuses_runs_that_lack_cells():
    lacking = pd.concat([covered([ZERO, ONE]), covered([OTSU], "missing")])
    with pytest.raises(ValueError, match=r"otsu-real-0: 3 missing \(a, b, c\); `dvc repro` makes"):
        leaderboard(summarize(TABLES, RECORDS), lacking)


def test_curves():
    curves = f1_over_thresholds(TABLES, "real")
    assert list(curves.columns) == ["threshold", "otsu", "unet"]
    assert curves["threshold"].tolist() == list(THRESHOLDS)
    assert curves["otsu"].tolist() == pytest.approx([2 / 3] * 6 + [0] * 4, abs=1e-6)


def test_per_image():
    images = per_image(TABLES, "real")
    assert list(images.columns) == ["image", "otsu", "unet"]
    assert images["image"].tolist() == ["a", "b", "c"]
    assert images["unet"].tolist() == pytest.approx([1, 0.9, 0.25])


def test_arms_are_kept_apart():
    other = table(Run("unet", "synthetic", 0), None, None, None)
    summary = summarize([*TABLES, other], RECORDS)
    assert list(summary["unet"]) == ["real", "synthetic"]
    assert f1_over_thresholds([*TABLES, other], "real").equals(f1_over_thresholds(TABLES, "real"))
    with pytest.raises(ValueError, match="mixed10"):
        per_image(TABLES, "mixed10")


@pytest.mark.parametrize(
    ("tables", "records", "message"),
    [
        ([], RECORDS, "no run"),
        ([ZERO, ZERO], RECORDS, "twice"),
        (TABLES, RECORDS[:2], "unet-real-0: 1 image.*c"),
        (TABLES, [*RECORDS, replace(PLAIN, id="z")], "such as z"),
    ],
)
def test_what_cannot_be_compared_is_refused(tables, records, message):
    with pytest.raises(ValueError, match=message):
        summarize(tables, records)


@pytest.mark.parametrize(
    ("modality", "slug"),
    [("phase contrast", "phase_contrast"), ("蛍光", "u86cdu5149"), ("位相差", "u4f4du76f8u5dee"), ("?", "unknown")],
)
def test_modalities_of_any_script_have_names_of_their_own(modality, slug):
    assert modality_slug(modality) == slug
