"""A row for every training, whether or not there is anything to say of it."""

import math

import pandas as pd
import pytest

from cellarena.evaluation.costs import PredictionCosts, TrainingCosts
from cellarena.evaluation.trainings import TRAININGS, trained, training_table, untrained
from cellarena.records import Run

RUN = Run("unet", "real", 1)
LOSS = pd.Series([1.5, 0.25], index=[10, 20])
PREDICTION = PredictionCosts(
    variant="width 16", device="cpu, 2 threads", n_parameters=16_777_217, multiply_adds_per_megapixel=1e9,
    seconds_per_megapixel=1, peak_memory_mb=1, slowest_image="a", slowest_share_of_tolerance=0.1, n_over_tolerance=0,
    n_images=1,
)  # fmt: skip


def card(done=20, budget=20):
    return {
        "training": {"steps": done, "budget": {"steps": budget}},
        "validation": {"f1": 0.5, "step": 10, "f1_tuned": 0.625},
    }


def test_a_row_says_how_far_a_training_came_and_what_it_cost():
    row = trained(RUN, card(), LOSS, TrainingCosts(seconds=61.5, device="cuda, H200"), PREDICTION)
    assert row == {
        "run": "unet-real-1", "model": "unet", "arm": "real", "seed": 1, "status": "trained", "stopped_early": False,
        "steps": 20, "budget_steps": 20, "best_step": 10, "val_f1": 0.5, "val_f1_tuned": 0.625, "train_loss": 0.25,
        "seconds": 61.5, "n_parameters": 16_777_217, "variant": "width 16", "device": "cuda, H200",
    }  # fmt: skip
    assert list(row) == TRAININGS.names


def test_fewer_steps_than_the_budget_are_an_early_stop():
    assert trained(RUN, card(10, 20), LOSS, None, None)["stopped_early"]


def test_what_was_not_measured_is_undefined():
    row = trained(RUN, card(), LOSS.iloc[:0], None, None)
    assert math.isnan(row["train_loss"])
    assert math.isnan(row["seconds"])
    assert row["n_parameters"] is None
    assert row["variant"] == row["device"] == ""


@pytest.mark.parametrize("section", ["training", "validation"])
def test_a_card_that_lacks_a_section_is_an_error(section):
    damaged = card()
    del damaged[section]
    with pytest.raises(KeyError, match=section):
        trained(RUN, damaged, LOSS, None, None)


def test_a_run_without_checkpoint_is_a_row_and_whole_numbers_stay_whole():
    rows = [trained(RUN, card(), LOSS, None, PREDICTION), untrained(Run("sac", "real", 0))]
    table = training_table(rows)
    assert list(table.columns) == TRAININGS.names
    assert table["run"].tolist() == ["unet-real-1", "sac-real-0"]
    assert table["status"].tolist() == ["trained", "no checkpoint"]
    assert table.loc[1, ["steps", "val_f1", "seconds", "n_parameters", "stopped_early"]].isna().all()
    assert "16777217" in table.to_csv(index=False, float_format="%.6g")


def test_without_any_training_the_table_is_empty_with_its_columns():
    assert list(training_table([]).columns) == TRAININGS.names
    assert training_table([untrained(RUN)])["variant"].tolist() == [""]
