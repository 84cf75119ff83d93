from dataclasses import replace

import numpy as np
import pandas as pd

from cellarena.datasets.leakage import leakage_report
from cellarena.evaluation.coverage import Cell, coverage
from cellarena.evaluation.scores import score
from cellarena.evaluation.summary import costs_by_row, leaderboard, per_image, summarize
from cellarena.records import Run
from cellarena.reporting.assemble import costs_of, examples_of, images_of, leaderboard_of, leakage_of, modalities_of
from cellarena.reporting.report import COST_COLUMNS, LEADERBOARD_COLUMNS
from test_records import RECORD

RECORDS = [
    replace(RECORD, id=name, modality=modality)
    for name, modality in (("a", "DIC"), ("b", "phase contrast"), ("c", "phase contrast"), ("d", "phase contrast"))
]
TRUE = np.zeros((20, 20), np.int32)
TRUE[4:8, 4:8], TRUE[4:8, 12:16] = 1, 2
HALF = np.where(TRUE == 1, 1, 0)


def tables():
    found = {"a": TRUE, "b": None, "c": HALF, "d": TRUE}
    run, floor = Run("unet", "real", 0), Run("otsu", "real", 0)
    return [
        (run, score([(name, TRUE, pred) for name, pred in found.items()], run, protocols=["strict"])),
        (floor, score([(name, TRUE, HALF) for name in found], floor, protocols=["strict"])),
    ]


def board():
    images, runs = [record.id for record in RECORDS], [run for run, _ in tables()]
    cells = {run: [Cell(image, "ok", "t", "p", "") for image in images] for run in runs}
    now = {(run, image): ("t", "p") for run in runs for image in images}
    return leaderboard(summarize(tables(), RECORDS), coverage(images, cells, now))


def test_the_leaderboard_has_the_reports_columns():
    shown = leaderboard_of(board())
    assert list(shown.columns) == list(LEADERBOARD_COLUMNS)
    assert shown.set_index("model").loc["unet", "failed"] == 1


def test_modalities_have_a_column_each_with_its_number_of_images():
    table = modalities_of(board(), RECORDS)
    assert list(table.columns) == ["model", "arm", "DIC (1)", "phase contrast (3)"]
    unet = table.set_index("model").loc["unet"]
    assert unet["DIC (1)"] == 1
    np.testing.assert_allclose(unet["phase contrast (3)"], (0 + 2 / 3 + 1) / 3, atol=1e-6)


def test_costs_of_runs_that_were_not_measured_are_rows(tmp_path):
    rows = board().merge(costs_by_row({run: (None, None) for run, _ in tables()}), on=["model", "arm"])
    rows.to_csv(tmp_path / "benchmark.csv", index=False)
    costs = costs_of(pd.read_csv(tmp_path / "benchmark.csv"))
    assert list(costs.columns) == list(COST_COLUMNS)
    assert list(costs["model"]) == list(rows["model"])
    assert costs["variant"].tolist() == costs["device"].tolist() == ["", ""]
    assert costs["time_tolerance"].tolist() == ["not measured"] * 2
    assert costs["n_parameters"].isna().all()


def test_images_are_listed_hardest_first_with_what_failed():
    table = images_of(per_image(tables(), "real"), RECORDS, {"b": "unet-real-0: damaged"})
    assert list(table["image"][:2]) == ["b", "c"]
    assert list(table["failure"]) == ["unet-real-0: damaged", "", "", ""]


def test_examples_are_one_of_each_modality_and_the_hardest():
    chosen = examples_of(per_image(tables(), "real"), RECORDS, ["unet"])
    assert [example.name for example in chosen] == ["dic", "phase_contrast", "hardest_of_all"]
    assert [example.record.modality for example in chosen[:2]] == ["DIC", "phase contrast"]
    assert chosen[2].record.id == "b"


def test_the_examples_of_a_modality_do_not_depend_on_scores():
    scores = per_image(tables(), "real")
    turned = scores.assign(unet=1 - scores["unet"])
    first, second = (examples_of(table, RECORDS, ["unet"]) for table in (scores, turned))
    assert [example.record.id for example in first[:2]] == [example.record.id for example in second[:2]]
    assert first[2].record.id != second[2].record.id


def test_leakage_names_crossings_and_the_reason_they_were_accepted():
    subsets = {"train": RECORDS[:1], "val": RECORDS[1:2], "test": RECORDS[2:]}
    found = leakage_of(leakage_report(subsets, [["a", "c"]], "same well"))
    assert (found.n_images, found.n_groups) == (4, 1)
    assert found.crossings == ("a (train), c (test); accepted because: same well",)
