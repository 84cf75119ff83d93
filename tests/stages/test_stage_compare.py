"""All rows side by side: scores, errors, calibration, and what they cost, whether or not it was measured."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from benchmarked import annotate, declare, predict, without_probabilities
from cellarena.cli import cli
from cellarena.images.io import write_labels
from cellarena.images.probabilities import write_probabilities
from cellarena.layout import Layout
from cellarena.records import read_manifest

MODELS, ENSEMBLE = ["maunet", "maunet_wide"], "maunet_ensemble"
OTSU = [[command, "otsu", "real", "0"] for command in ("train", "predict")]
LEARNED = [*MODELS, ENSEMBLE]


def cells(size, n_cells):
    """Return a label image of squares in a row, clear of the border."""
    labels = np.zeros((size, size), np.uint16)
    for n in range(n_cells):
        labels[6:14, 4 + 12 * n : 12 + 12 * n] = n + 1
    return labels


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A project of two models, their ensemble and the floor, evaluated and compared: two test images, no costs."""
    root = tmp_path_factory.mktemp("compared")
    layout, params = declare(root, MODELS, benchmark={"ensembles": [ENSEMBLE]}, registry={"champion": ENSEMBLE})
    for subset in ("train", "val"):
        annotate(layout, subset, {subset: cells(64, 4)})
    records = annotate(layout, "test", {"a": cells(64, 4), "b": cells(64, 4)})
    for n, run in enumerate([*params.runs, *params.ensemble_runs]):
        predict(layout, run, {record.id: cells(64, 4 - n) for record in records})
        sure = np.where(cells(64, 4 - n) > 0, 0.9, 0.1).astype(np.float32)
        probabilities = np.stack([1 - sure, sure * np.float32(0.75), sure * np.float32(0.25)])
        for place in ("val/val", "test/a", "test/b"):
            write_probabilities(probabilities, layout.probabilities(run) / f"{place}.tiff")
        without_probabilities(layout, run, [])
        for name in ("val/f1", "train/loss") if run.model in MODELS else ():
            path = layout.log(run) / "plots/metrics" / f"{name}.tsv"
            path.parent.mkdir(parents=True)
            path.write_text(f"step\t{path.stem}\n10\t0.5\n20\t0.25\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        for command in (*OTSU, ["evaluate"], ["compare"]):
            cli.main(command, standalone_mode=False)
    return layout, params


@pytest.fixture
def project(finished, tmp_path):
    """A copy of it, to be changed."""
    layout, params = finished
    return Layout(shutil.copytree(layout.root, tmp_path / "project")), params


@pytest.fixture
def compared(project, cellarena):
    """Return a function that runs commands on the copy, compares, and returns the leaderboard."""
    layout, _ = project

    def run(*commands):
        for command in (*commands, "compare"):
            done = cellarena(layout.root, command)
            assert done.code == 0, done.err
        (layout.root / "printed").write_text(done.out)
        return board(layout)

    return run


def board(layout):
    return pd.read_csv(layout.benchmark).set_index("model")


def test_curves_are_long_tables_of_all_rows(finished):
    layout, _ = finished
    f1 = pd.read_csv(layout.curves / "f1_over_thresholds.csv")
    assert f1.columns.tolist() == ["row", "threshold", "f1"]
    assert f1.groupby("row").size().to_dict() == dict.fromkeys((*LEARNED, "otsu"), 10)
    for name, value in (("validation_f1", "f1"), ("training_loss", "loss")):
        table = pd.read_csv(layout.curves / f"{name}.csv")
        assert table.to_dict("list") == {
            "row": [MODELS[0]] * 2 + [MODELS[1]] * 2, "step": [10, 20] * 2, value: [0.5, 0.25] * 2,
        }  # fmt: skip


def test_the_floor_is_timed_and_has_no_network(project, cellarena):
    layout, params = project
    assert cellarena(layout.root, *OTSU[1]).code == 0
    costs = json.loads(layout.prediction_costs(params.method_runs[0]).read_text())
    assert (costs["n_images"], costs["n_over_tolerance"], costs["device"]) == (2, 0, "cpu")
    assert costs["seconds_per_megapixel"] > 0
    assert costs["peak_memory_mb"] > 10
    assert costs["slowest_image"] in {"a", "b"}
    assert costs["n_parameters"] is costs["multiply_adds_per_megapixel"] is None


def test_an_image_that_fails_is_not_timed(project, cellarena):
    layout, params = project
    (layout.preprocessed / "a.tiff").write_bytes(b"II*")
    assert cellarena(layout.root, *OTSU[1]).code == 0
    costs = json.loads(layout.prediction_costs(params.method_runs[0]).read_text())
    assert (costs["n_images"], costs["slowest_image"]) == (1, "b")


def test_runs_that_were_not_measured_are_compared(finished):
    found = board(finished[0])
    assert found.loc[LEARNED, "time_tolerance"].tolist() == ["not measured"] * 3
    assert found.loc[LEARNED, ["training_seconds", "n_parameters", "seconds_per_megapixel"]].isna().all(axis=None)
    assert found.loc["otsu", "time_tolerance"] == "meets"
    assert found.loc["maunet", "f1"] == 1


def test_what_was_measured_is_in_the_comparison(project, compared):
    layout, params = project
    run = params.runs[0]
    layout.training_costs(run).parent.mkdir(parents=True)
    layout.training_costs(run).write_text('{"seconds": 61.5}')
    layout.prediction_costs(run).write_text(json.dumps({
        "variant": "width 16", "device": "cpu, 2 threads", "n_parameters": 1626425,
        "multiply_adds_per_megapixel": 12.25e9, "seconds_per_megapixel": 45.0, "peak_memory_mb": 512.0,
        "slowest_image": "a", "slowest_share_of_tolerance": 1.5, "n_over_tolerance": 1, "n_images": 2,
    }))  # fmt: skip
    row = compared().loc["maunet"]
    assert (row["training_seconds"], row["n_parameters"], row["time_tolerance"]) == (61.5, 1626425, "misses")
    assert (row["variant"], row["device"], row["n_over_tolerance"]) == ("width 16", "cpu, 2 threads", 1)
    assert "seconds" not in layout.summary.read_text()


def card(done, budget):
    """Return the content of a model.json as far as the comparison reads it."""
    return json.dumps({
        "format": 1, "training": {"steps": done, "budget": {"steps": budget}},
        "validation": {"f1": 0.5, "step": 10, "f1_tuned": 0.625},
    })  # fmt: skip


def test_every_training_is_a_row_of_the_training_table(project, compared, cellarena):
    layout, params = project
    first, second = params.runs
    layout.checkpoint(first).mkdir(parents=True)
    (layout.checkpoint(first) / "model.json").write_text(card(20, 40))
    layout.training_costs(first).parent.mkdir(parents=True)
    layout.training_costs(first).write_text('{"seconds": 61.5, "device": "cuda, H200"}')
    compared()
    table = pd.read_csv(layout.training).set_index("run")
    assert table.index.tolist() == [str(first), str(second)]
    row = table.loc[str(first)]
    assert (row["steps"], row["best_step"], row["val_f1_tuned"], row["train_loss"]) == (20, 10, 0.625, 0.25)
    assert (row["seconds"], row["device"], row["stopped_early"]) == (61.5, "cuda, H200", True)
    assert table.loc[str(second), "status"] == "no checkpoint"
    assert np.isnan(table.loc[str(second), "val_f1"])
    (layout.checkpoint(first) / "model.json").write_text(card("many", 40))
    outcome = cellarena(layout.root, "compare")
    assert outcome.code == 2
    assert outcome.err.startswith("cellarena: data/checkpoints/maunet-real-0/model.json: not a model card")
    assert outcome.err.count("\n") == 1


def test_which_rows_differ_is_written(finished):
    layout, _ = finished
    found = board(layout)
    pairs, ranks = pd.read_csv(layout.pairwise), pd.read_csv(layout.ranks)
    assert len(pairs) == 6
    learned = pairs[~pairs["b"].str.startswith("otsu") & ~pairs["a"].str.startswith("otsu")]
    assert learned["words"].str.startswith("cannot tell about the models: 1 seed; on these images").all()
    assert set(ranks["row"]) == {f"{name}-real" for name in (*LEARNED, "otsu")}
    assert pd.read_csv(layout.mixed_model)["status"].str.startswith("not fitted: 1 seed").all()
    assert found.loc[LEARNED, ["f1_low", "f1_high", "noise_floor"]].isna().all(axis=None)
    assert found.loc["otsu", "noise_floor"] == 0
    assert found[["f1_images_low", "f1_images_high"]].notna().all(axis=None)
    assert {path.name for path in layout.figures.glob("*.png")} >= {"intervals.png", "verdicts.png", "ranks.png"}


def test_damaged_costs_are_named_in_one_line(project, cellarena):
    layout, params = project
    layout.prediction_costs(params.method_runs[0]).write_text("<<<<<<< HEAD\n")
    outcome = cellarena(layout.root, "compare")
    assert outcome.code == 2
    assert outcome.err.startswith("cellarena: metrics/costs/otsu-real-0/prediction.json: damaged or edited (")
    assert outcome.err.count("\n") == 1


def test_coverage_stands_beside_each_score(finished):
    layout, params = finished
    assert board(layout)[["n_expected", "n_covered"]].to_numpy().tolist() == [[2, 2]] * len(params.rows)
    table = pd.read_csv(layout.coverage)
    assert table["n_ok"].tolist() == [2] * len(params.rows)


def test_a_lost_prediction_and_a_changed_one_are_not_ranked(project, cellarena):
    layout, params = project
    before = layout.benchmark.read_bytes()
    lost, changed = params.runs[0], params.method_runs[0]
    (layout.predictions(lost) / "b.tiff").unlink()
    assert cellarena(layout.root, "evaluate").code == 0
    write_labels(cells(64, 1), layout.predictions(changed) / "a.tiff")
    outcome = cellarena(layout.root, "compare")
    assert outcome.code == 2
    assert outcome.err.splitlines()[-1] == (
        "cellarena: runs cannot be ranked on unequal coverage: maunet-real-0: 1 missing (b); otsu-real-0: 1 stale (a); "
        "`dvc repro` makes what is missing; `cellarena evaluate` scores what has changed"
    )
    assert layout.benchmark.read_bytes() == before


def test_the_errors_of_all_rows_stand_side_by_side(project, compared):
    layout, params = project
    (layout.predictions(params.runs[1]) / "b.tiff").write_bytes(b"II*\x00")
    without_probabilities(layout, params.runs[0], read_manifest(layout.subset("val")), "val")
    compared("evaluate")
    totals = pd.read_csv(layout.anatomy / "categories.csv").set_index("run")
    assert totals.index.tolist() == [str(run) for run in params.rows]
    assert totals["n_failed"].tolist() == [0, 1, 0, 0]
    found = totals.loc["maunet_ensemble-real-0", ["n_true_missed", "n_events_missed", "n_true_match"]]
    assert found.tolist() == [4, 4, 4]
    hard = pd.read_csv(layout.anatomy / "difficulty.csv").set_index("image")
    assert hard.loc["a", ["f1_maunet", "f1_maunet_wide", "hard_for_all"]].tolist() == [1, 0.857143, 0]
    assert hard.loc["b", ["f1_maunet", "f1_maunet_wide", "hard_for_all"]].tolist() == [1, 0, 0]
    assert "0 of 2 images are hard for all models" in (layout.root / "printed").read_text()
    assert {path.name for path in layout.anatomy_figures.iterdir()} == {
        "categories.png", "gains.png", "recall_by_contrast.png", "recall_by_size.png",
        "recall_by_size_and_neighbour.png",
    }  # fmt: skip
    calibrations = pd.read_csv(layout.calibrations).set_index("model")
    assert calibrations.loc["maunet", "temperature"].isna().all(), "a row whose temperature is undefined is compared"
    assert calibrations.loc["maunet_wide", "temperature"].notna().all()


def test_the_calibrations_of_all_rows_stand_in_one_table_the_floor_without_values(finished):
    layout, _ = finished
    table = pd.read_csv(layout.calibrations)
    assert set(table["model"]) == {*LEARNED, "otsu"}
    assert table.loc[table["model"] == "otsu", "raw"].isna().all()
    assert table.loc[(table["model"] != "otsu") & (table["metric"] == "nll"), "raw"].notna().all()
    assert sorted(path.name for path in layout.calibration_figures.iterdir()) == [
        "reliability_all.png", "reliability_boundary.png", "reliability_objects.png", "risk_coverage.png",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["errors/maunet-real-0/gains.csv", "calibration/maunet-real-0/summary.csv"])
def test_a_missing_or_damaged_table_is_named(project, cellarena, name):
    layout, _ = project
    before = layout.benchmark.read_bytes(), (layout.anatomy / "gains.csv").read_bytes()
    (layout.data / name).write_text("<<<<<<< HEAD\n")
    damaged = cellarena(layout.root, "compare")
    (layout.data / name).unlink()
    missing = cellarena(layout.root, "compare")
    assert damaged.err.startswith(f"cellarena: data/{name}: damaged or edited (")
    assert missing.err.startswith(f"cellarena: data/{name}: no such table of ")
    assert damaged.code == missing.code == 2
    assert damaged.err.count("\n") == missing.err.count("\n") == 1
    assert (layout.benchmark.read_bytes(), (layout.anatomy / "gains.csv").read_bytes()) == before
