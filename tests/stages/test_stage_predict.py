"""An image that cannot be segmented is a row, from the prediction to the report."""

import csv
import json
import shutil

import pandas as pd
import pytest

from cellarena.evaluation.protocols import STRICT
from cellarena.evaluation.scores import SCORES, of_protocol
from cellarena.records import read_manifest

pytestmark = pytest.mark.journey

RUN = ("unet", "real", "0")


@pytest.fixture
def damaged(workspace):
    """A workspace in which one test image is cut off after a few bytes, and that image's id."""
    record = read_manifest(workspace.root / "data/splits/test.csv")[0]
    image = workspace.root / "data/preprocessed" / record.image
    image.write_bytes(image.read_bytes()[:60])
    return workspace, record.id


def test_an_image_that_fails_is_named_and_scored_as_failed(damaged, cellarena):
    workspace, failed = damaged
    predicted = cellarena(workspace.root, "predict", *RUN)
    assert predicted.code == 0
    assert f"{failed}: not segmented" in predicted.err
    folder = workspace.root / "data/predictions/unet-real-0"
    with (folder / "failures.csv").open(newline="") as file:
        assert [row["image"] for row in csv.DictReader(file)] == [failed]
    others = {r.id for r in read_manifest(workspace.root / "data/splits/test.csv")} - {failed}
    assert {path.stem for path in folder.glob("*.tiff")} == others

    assert cellarena(workspace.root, "evaluate").code == 0
    scores = of_protocol(SCORES.read(workspace.root / "data/scores/unet-real-0.csv"), STRICT)
    assert set(scores["image"]) == others | {failed}
    of_it = scores[scores["image"] == failed]
    assert of_it.loc[of_it["metric"] == "failed", "value"].tolist() == [1]
    assert (of_it.loc[of_it["metric"] == "f1", "value"] == 0).all()
    assert (scores.loc[(scores["metric"] == "failed") & (scores["image"] != failed), "value"] == 0).all()


def test_the_comparison_counts_the_failure_and_the_report_names_it(damaged, cellarena):
    workspace, failed = damaged
    for command in (("predict", *RUN), ("evaluate",), ("compare",), ("report",)):
        outcome = cellarena(workspace.root, *command)
        assert outcome.code == 0, outcome.err
    board = pd.read_csv(workspace.root / "metrics/benchmark.csv").set_index("model")
    assert (board.loc["unet", "failed"], board.loc["otsu", "failed"]) == (1, 0)
    markdown = (workspace.root / "reports/report.md").read_text()
    (row,) = [line for line in markdown.splitlines() if line.startswith(f"| ❌ {failed}")]
    assert "unet-real-0: " in row
    assert failed in (workspace.root / "reports/report.html").read_text()


def test_what_a_run_cost_is_written_beside_its_log(reproduction):
    root = reproduction.workspace.root
    costs = json.loads((root / "metrics/costs/unet-real-0/prediction.json").read_text())
    assert costs["n_images"] == len(read_manifest(root / "data/splits/test.csv"))
    assert min(costs["n_parameters"], costs["multiply_adds_per_megapixel"], costs["seconds_per_megapixel"]) > 0
    assert costs["device"].startswith("cpu")
    assert json.loads((root / "metrics/costs/unet-real-0/training.json").read_text())["seconds"] > 0
    row = pd.read_csv(root / "metrics/benchmark.csv").set_index("model").loc["unet"]
    assert row["n_parameters"] == costs["n_parameters"]
    assert row["training_seconds"] > 0


def test_a_missing_checkpoint_is_said_in_one_line(workspace, cellarena):
    shutil.rmtree(workspace.root / "data/checkpoints/unet-real-0")
    before = workspace.hashes("data/predictions")
    outcome = cellarena(workspace.root, "predict", *RUN)
    assert outcome.code == 2
    assert outcome.err.startswith("cellarena: data/checkpoints/unet-real-0/model.json: no such checkpoint")
    assert outcome.err.count("\n") == 1
    assert workspace.hashes("data/predictions") == before


def test_damaged_weights_are_said_in_one_line(workspace, cellarena):
    weights = workspace.root / "data/checkpoints/unet-real-0/model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-7])
    outcome = cellarena(workspace.root, "predict", *RUN)
    assert outcome.code == 2
    assert "model.safetensors: not a valid safetensors file" in outcome.err


def test_predictions_that_were_never_made_are_not_scored_as_failures(workspace, cellarena):
    shutil.rmtree(workspace.root / "data/predictions/unet-real-0")
    outcome = cellarena(workspace.root, "evaluate")
    assert outcome.code == 2
    assert outcome.err.startswith("cellarena: data/predictions/unet-real-0: ")
    assert outcome.err.count("\n") == 1
