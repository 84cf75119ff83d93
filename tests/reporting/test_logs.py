import numpy as np
import pandas as pd
import pytest

from cellarena.records import Run
from cellarena.reporting.logs import by_model, by_run, read_curve

CURVES = {
    Run("unet", "real", 0): pd.Series([0.2, 0.6], index=[100, 200]),
    Run("unet", "real", 1): pd.Series([0.4], index=[100]),
    Run("sac", "real", 0): pd.Series([0.1, 0.3], index=[100, 200]),
}


def test_a_curve_is_read_by_steps_done(tmp_path):
    folder = tmp_path / "plots" / "metrics" / "val"
    folder.mkdir(parents=True)
    (folder / "f1.tsv").write_text("step\tf1\n100\t0.5\n200\t0.75\n")
    assert read_curve(tmp_path, "val/f1").to_dict() == {100: 0.5, 200: 0.75}


def test_a_missing_log_and_one_of_other_columns_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"loss\.tsv: no such training log; run dvc repro"):
        read_curve(tmp_path, "train/loss")
    folder = tmp_path / "plots" / "metrics" / "val"
    folder.mkdir(parents=True)
    (folder / "f1.tsv").write_text("epoch\tdice\n1\t0.5\n")
    with pytest.raises(ValueError, match=r"f1\.tsv: columns are .*expected step and f1"):
        read_curve(tmp_path, "val/f1")


def test_a_model_is_the_mean_of_its_runs_that_got_that_far():
    table = by_model(CURVES, ["unet", "sac"])
    assert list(table.columns) == ["step", "unet", "sac"]
    np.testing.assert_allclose(table.to_numpy(), [[100, 0.3, 0.1], [200, 0.6, 0.3]])


def test_runs_stand_beside_each_other():
    table = by_run(CURVES)
    assert list(table.columns) == ["step", "unet-real-0", "unet-real-1", "sac-real-0"]
    assert np.isnan(table["unet-real-1"].to_numpy()[1])
