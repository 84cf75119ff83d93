import numpy as np
import pandas as pd
import pytest

from cellarena.evaluation.coverage import (
    ImageStatus,
    coverage,
    coverage_by_run,
    read_statuses,
    refuse_uncovered,
    status_of,
    write_statuses,
)
from cellarena.records import Run

UNET, SAC = Run("unet", "real", 0), Run("sac", "real", 0)


def cells(**statuses):
    return [ImageStatus(image, status, f"t-{image}", f"p-{image}", "") for image, status in statuses.items()]


def hashes(*runs, **changed):
    usual = {(run, image): (f"t-{image}", f"p-{image}") for run in runs for image in "abc"}
    return usual | {(UNET, image): pair for image, pair in changed.items()}


def statuses(table, run):
    return table.loc[table["model"] == run.model, "status"].tolist()


def test_every_expected_cell_has_a_status():
    found = coverage("cba", {UNET: cells(a="ok", b="failed", c="empty"), SAC: None}, hashes(UNET, SAC))
    assert found["image"].tolist() == ["a", "b", "c"] * 2
    assert statuses(found, UNET) == ["ok", "failed", "empty"]
    assert statuses(found, SAC) == ["missing"] * 3
    assert set(found.loc[found["model"] == "sac", "note"]) == {"not scored"}


@pytest.mark.parametrize(
    ("now", "note"),
    [(("x", "p-a"), "annotation changed"), (("t-a", "x"), "prediction changed"), (("t-a", ""), "prediction changed")],
)
def test_a_cell_that_changed_since_it_was_scored_is_stale(now, note):
    found = coverage("a", {UNET: cells(a="ok")}, hashes(UNET, a=now))
    assert found[["status", "note"]].to_numpy().tolist() == [["stale", f"{note} since it was scored"]]


def test_an_image_that_nobody_expects_is_no_cell():
    assert coverage("a", {UNET: cells(a="ok", b="ok")}, hashes(UNET))["image"].tolist() == ["a"]


def test_counts_by_run():
    known = {UNET: cells(a="ok", b="failed", c="empty"), SAC: cells(a="ok", b="missing", c="ok")}
    table = coverage_by_run(coverage("abc", known, hashes(UNET, SAC, a=("x", "x"))))
    assert table.to_dict("records") == [
        {"model": "sac", "arm": "real", "seed": 0, "n_expected": 3, "n_covered": 2, "n_ok": 2, "n_empty": 0,
         "n_failed": 0, "n_missing": 1, "n_stale": 0},
        {"model": "unet", "arm": "real", "seed": 0, "n_expected": 3, "n_covered": 2, "n_ok": 0, "n_empty": 1,
         "n_failed": 1, "n_missing": 0, "n_stale": 1},
    ]  # fmt: skip


def test_failed_and_empty_cells_are_covered():
    refuse_uncovered(coverage("abc", {UNET: cells(a="ok", b="failed", c="empty")}, hashes(UNET)))


def test_many_missing_cells_are_named_by_the_first():
    images = [f"i{n}" for n in range(9)]
    with pytest.raises(ValueError, match=r"unet-real-0: 9 missing \(i0, i1, i2 and 6 more\)"):
        refuse_uncovered(coverage(images, {UNET: None}, {}))


def test_cells_survive_the_disk(tmp_path):
    written = [ImageStatus("NA", "failed", "t", "", 'reason, with "quotes"'), ImageStatus("007", "ok", "t", "p", "")]
    write_statuses(written, tmp_path / "new" / "cells.csv")
    assert read_statuses(tmp_path / "new" / "cells.csv") == written[::-1]
    assert b"\r" not in (tmp_path / "new" / "cells.csv").read_bytes()
    assert read_statuses(tmp_path / "none.csv") is None


@pytest.mark.parametrize("content", ["", "a,b\n", "image,status,true_sha256,pred_sha256,note\na,fine,t,p,\n"])
def test_bad_tables_are_refused(tmp_path, content):
    (tmp_path / "cells.csv").write_text(content)
    with pytest.raises(ValueError, match=r"cells\.csv: damaged or edited \(.*dvc repro"):
        read_statuses(tmp_path / "cells.csv")


ONE, TWO, NONE = (np.array([row], np.uint8) for row in ([0, 1, 1, 1], [0, 1, 0, 2], [0, 0, 0, 0]))


@pytest.mark.parametrize(
    ("true", "pred", "expected"),
    [
        (TWO, TWO, ("ok", "")),
        (TWO, NONE, ("empty", "")),
        (NONE, NONE, ("empty", "")),
        (ONE, ONE, ("ok", "")),
        (TWO, ONE * 255, ("ok", "all of it is one object, 255: a binary image instead of labels?")),
        (TWO, -TWO.astype(np.int8), ("failed", "prediction holds the negative label -2: labels are at least 0")),
    ],
)
def test_judged(true, pred, expected):
    assert status_of(true, pred) == expected


def test_a_broken_annotation_is_nobodys_failure():
    with pytest.raises(ValueError, match="annotation is float64"):
        status_of(ONE / 2, ONE)


def test_the_order_of_runs_does_not_matter():
    known = {UNET: cells(a="ok"), SAC: cells(a="ok")}
    turned = dict(reversed(known.items()))
    pd.testing.assert_frame_equal(coverage("a", known, {}), coverage("a", turned, {}))
