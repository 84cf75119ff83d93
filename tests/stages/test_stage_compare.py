"""The comparison holds what the runs cost, whether or not it was measured."""

import json

import numpy as np
import pandas as pd
import pytest
import yaml

from cellarena.images.io import write_image, write_labels
from cellarena.layout import Layout
from cellarena.params.mirror import load_params
from cellarena.records import Record, write_manifest
from workspace import ROOT

MODELS, ENSEMBLE = ["maunet", "maunet_wide"], "maunet_ensemble"
LEARNED = [*MODELS, ENSEMBLE]


def cells(size, n_cells):
    """Return a label image of squares in a row, clear of the border."""
    labels = np.zeros((size, size), np.uint16)
    for n in range(n_cells):
        labels[6:14, 4 + 12 * n : 12 + 12 * n] = n + 1
    return labels


@pytest.fixture
def project(tmp_path):
    """A project of two models, their ensemble and the floor: predictions of two test images, and no costs."""
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    content["benchmark"] |= {"models": MODELS, "ensembles": [ENSEMBLE], "seeds": [0]}
    content["registry"]["champion"] = ENSEMBLE
    content["study"] |= {"models": [], "arms": []}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
    layout, params = Layout(tmp_path), load_params(tmp_path / "params.yaml")
    records = []
    for name in ("a", "b"):
        labels = cells(64, 4)
        write_image(np.where(labels[..., None] > 0, 200, 40).repeat(3, axis=2).astype(np.uint8),
                    layout.preprocessed / f"{name}.tiff")  # fmt: skip
        write_labels(labels, layout.preprocessed / f"{name}_label.tiff")
        records.append(Record(
            id=name, image=f"{name}.tiff", labels=f"{name}_label.tiff", modality="DIC", group="", subset="", height=64,
            width=64, channels=3, dtype="uint8", n_objects=4, sha256=name, labels_sha256=name, source="s",
            licence="CC0-1.0",
        ))  # fmt: skip
    layout.splits.mkdir(parents=True)
    for subset in ("train", "val", "test"):
        write_manifest(records, layout.subset(subset))
    for n, run in enumerate([*params.runs, *params.ensemble_runs]):
        layout.predictions(run).mkdir(parents=True)
        for record in records:
            write_labels(cells(64, 4 - n), layout.prediction(run, record))
        layout.failures(run).write_text("image,reason\n")
        for name in ("val/f1", "train/loss") if run.model in MODELS else ():
            path = layout.log(run) / "plots/metrics" / f"{name}.tsv"
            path.parent.mkdir(parents=True)
            path.write_text(f"step\t{path.stem}\n10\t0.5\n20\t0.25\n")
    return layout, params


@pytest.fixture
def compared(project, cellarena):
    """Return a function that makes the floor, scores and compares."""
    layout, params = project

    def run():
        assert cellarena(layout.root, "floor").code == 0
        for scored in params.scored_runs:
            done = cellarena(layout.root, "evaluate", scored.model, scored.arm, str(scored.seed))
            assert done.code == 0, done.err
        done = cellarena(layout.root, "compare")
        assert done.code == 0, done.err
        return pd.read_csv(layout.benchmark).set_index("model")

    return run


def test_curves_are_long_tables_of_all_rows(project, compared):
    layout, params = project
    compared()
    f1 = pd.read_csv(layout.curves / "f1_over_thresholds.csv")
    assert f1.columns.tolist() == ["row", "threshold", "f1"]
    assert f1.groupby("row").size().to_dict() == dict.fromkeys((*LEARNED, params.benchmark.floor), 10)
    for name, value in (("validation_f1", "f1"), ("training_loss", "loss")):
        table = pd.read_csv(layout.curves / f"{name}.csv")
        assert table.to_dict("list") == {
            "row": [MODELS[0]] * 2 + [MODELS[1]] * 2, "step": [10, 20] * 2, value: [0.5, 0.25] * 2,
        }  # fmt: skip


def test_the_floor_is_timed_and_has_no_network(project, cellarena):
    layout, params = project
    assert cellarena(layout.root, "floor").code == 0
    costs = json.loads(layout.prediction_costs(params.floor_run).read_text())
    assert (costs["n_images"], costs["n_over_tolerance"], costs["device"]) == (2, 0, "cpu")
    assert costs["seconds_per_megapixel"] > 0
    assert costs["peak_memory_mb"] > 10
    assert costs["slowest_image"] in {"a", "b"}
    assert costs["n_parameters"] is costs["multiply_adds_per_megapixel"] is None


def test_an_image_that_fails_is_not_timed(project, cellarena):
    layout, params = project
    (layout.preprocessed / "a.tiff").write_bytes(b"II*")
    assert cellarena(layout.root, "floor").code == 0
    costs = json.loads(layout.prediction_costs(params.floor_run).read_text())
    assert (costs["n_images"], costs["slowest_image"]) == (1, "b")


def test_runs_that_were_not_measured_are_compared(compared):
    board = compared()
    assert board.loc[LEARNED, "time_tolerance"].tolist() == ["not measured"] * 3
    assert board.loc[LEARNED, ["training_seconds", "n_parameters", "seconds_per_megapixel"]].isna().all(axis=None)
    assert board.loc["otsu", "time_tolerance"] == "meets"
    assert board.loc["maunet", "f1"] == 1


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


def test_which_rows_differ_is_written(project, compared):
    board = compared()
    layout, _ = project
    pairs, ranks = pd.read_csv(layout.pairwise), pd.read_csv(layout.ranks)
    assert len(pairs) == 6
    learned = pairs[~pairs["b"].str.startswith("otsu") & ~pairs["a"].str.startswith("otsu")]
    assert learned["words"].str.startswith("cannot tell about the models: 1 seed; on these images").all()
    assert set(ranks["row"]) == {f"{name}-real" for name in (*LEARNED, "otsu")}
    assert pd.read_csv(layout.mixed_model)["status"].str.startswith("not fitted: 1 seed").all()
    assert board.loc[LEARNED, ["f1_low", "f1_high", "noise_floor"]].isna().all(axis=None)
    assert board.loc["otsu", "noise_floor"] == 0
    assert board[["f1_images_low", "f1_images_high"]].notna().all(axis=None)
    assert {path.name for path in layout.figures.glob("*.png")} >= {"intervals.png", "verdicts.png", "ranks.png"}


def test_damaged_costs_are_named_in_one_line(project, compared, cellarena):
    layout, params = project
    compared()
    layout.prediction_costs(params.floor_run).write_text("<<<<<<< HEAD\n")
    outcome = cellarena(layout.root, "compare")
    assert outcome.code == 2
    assert outcome.err.startswith("cellarena: metrics/costs/otsu-real-0/prediction.json: damaged or edited (")
    assert outcome.err.count("\n") == 1


def test_coverage_stands_beside_each_score(project, compared):
    layout, params = project
    board = compared()
    assert board[["n_expected", "n_covered"]].to_numpy().tolist() == [[2, 2]] * len(params.scored_runs)
    table = pd.read_csv(layout.coverage)
    assert table["n_ok"].tolist() == [2] * len(params.scored_runs)


def test_a_lost_prediction_and_a_changed_one_are_not_ranked(project, compared, cellarena):
    layout, params = project
    compared()
    before = layout.benchmark.read_bytes()
    lost, changed = params.runs[0], params.floor_run
    (layout.predictions(lost) / "b.tiff").unlink()
    cellarena(layout.root, "evaluate", lost.model, lost.arm, str(lost.seed))
    write_labels(cells(64, 1), layout.predictions(changed) / "a.tiff")
    outcome = cellarena(layout.root, "compare")
    assert outcome.code == 2
    assert outcome.err.splitlines()[-1] == (
        "cellarena: runs cannot be ranked on unequal coverage: maunet-real-0: 1 missing (b); otsu-real-0: 1 stale (a); "
        "`dvc repro` makes what is missing; `cellarena rescore` scores what has changed"
    )
    assert layout.benchmark.read_bytes() == before
