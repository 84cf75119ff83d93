"""Whatever a prediction's file is: its image is a row, its status is known, and nothing is ranked on other images."""

import csv
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import tifffile
import yaml

from cellarena.evaluation.coverage import read_cells
from cellarena.evaluation.protocols import OFFICIAL, STRICT
from cellarena.evaluation.scores import SCORES, of_protocol
from cellarena.images.io import write_image, write_labels, write_png
from cellarena.layout import Layout
from cellarena.params import load_params
from cellarena.records import Record, read_manifest, write_manifest
from workspace import ROOT

SIZE = 64
COLUMNS = 4


def sixteen():
    """Return a label image of 16 squares, clear of the border."""
    labels = np.zeros((SIZE, SIZE), np.uint16)
    for n in range(COLUMNS**2):
        y, x = divmod(n, COLUMNS)
        labels[6 + 14 * y : 14 + 14 * y, 6 + 14 * x : 14 + 14 * x] = n + 1
    return labels


TRUE = sixteen()
NOTHING = np.zeros_like(TRUE)
STACK = np.stack([TRUE] * 5)
WITH_NAN = np.where(TRUE == 1, np.nan, TRUE).astype(np.float32)
# Annotation, file of the prediction (None: there is none), status, F1 of strict, misses of strict.
CASES = {
    "a_perfect": (TRUE, TRUE, "ok", 1, 0),
    "b_missing": (TRUE, None, "missing", 0, 16),
    "c_failed": (TRUE, None, "failed", 0, 16),
    "d_stack": (TRUE, STACK, "failed", 0, 16),
    "e_empty": (TRUE, NOTHING, "empty", 0, 16),
    "f_both_empty": (NOTHING, NOTHING, "empty", 1, 0),
    "g_nothing_annotated": (NOTHING, TRUE, "ok", 0, 0),
    "h_binary": (TRUE, (TRUE > 0) * np.uint8(255), "ok", 0, 16),
    "i_smaller": (TRUE, TRUE[:60], "failed", 0, 16),
    "j_larger": (TRUE, np.pad(TRUE, 4), "failed", 0, 16),
    "k_float_with_nan": (TRUE, WITH_NAN, "failed", 0, 16),
    "l_sparse_ids": (TRUE, TRUE.astype(np.uint32) * 100_000, "ok", 1, 0),
    "m_cut_off": (TRUE, b"II*\x00", "failed", 0, 16),
    "n_no_bytes": (TRUE, b"", "failed", 0, 16),
}


def new_project(root, cases):
    """Write a project of the floor alone, whose predictions are those of the cases."""
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    content["benchmark"] |= {"models": ["unet"], "ensembles": [], "seeds": [0]}
    (root / "params.yaml").write_text(yaml.safe_dump(content))
    layout, params = Layout(root), load_params(root / "params.yaml")
    records = []
    for name, (true, pred, *_) in cases.items():
        height, width = true.shape
        records.append(Record(
            id=name, image=f"{name}.tiff", labels=f"{name}_label.tiff", modality="DIC", group="", subset="",
            height=height, width=width, channels=3, dtype="uint8", n_objects=16, sha256=name, labels_sha256=name,
            source="s", licence="CC0-1.0",
        ))  # fmt: skip
        write_labels(true, layout.preprocessed / f"{name}_label.tiff")
        path = layout.prediction(params.floor_run, records[-1])
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(pred, bytes):
            path.write_bytes(pred)
        elif pred is not None:
            tifffile.imwrite(path, pred)
    layout.splits.mkdir(parents=True)
    write_manifest(records, layout.subset("test"))
    with layout.failures(params.floor_run).open("w", newline="") as file:
        csv.writer(file).writerows([("image", "reason"), ("c_failed", "out of memory")])
    return layout, params


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """The cases after one evaluation: layout, run, what was printed."""
    return new_project(tmp_path_factory.mktemp("cases"), CASES)


@pytest.fixture
def evaluated(scored, cellarena):
    layout, params = scored
    outcome = cellarena(layout.root, "evaluate", "otsu", "real", "0")
    assert outcome.code == 0, outcome.err
    return layout, params.floor_run, outcome


def values(layout, run, protocol):
    """Return strict or official scores at IoU 0.5 or without threshold: image, metric -> value."""
    scores = of_protocol(SCORES.read(layout.scores(run)), protocol)
    scores = scores[scores["threshold"].isna() | (scores["threshold"] == 0.5)]
    return scores.pivot(index="image", columns="metric", values="value")


def test_every_case_has_its_status_its_score_and_its_misses(evaluated):
    layout, run, _ = evaluated
    cells = {cell.image: cell.status for cell in read_cells(layout.cells(run))}
    strict = values(layout, run, STRICT)
    found = {name: (cells[name], strict.loc[name, "f1"], strict.loc[name, "fn"]) for name in CASES}
    assert found == {name: (status, f1, fn) for name, (_, _, status, f1, fn) in CASES.items()}
    assert set(strict.index[strict["failed"] == 1]) == {n for n in CASES if CASES[n][2] in {"failed", "missing"}}


def test_reasons_and_oddities_are_noted_and_printed(evaluated):
    layout, run, outcome = evaluated
    notes = {cell.image: cell.note for cell in read_cells(layout.cells(run))}
    assert notes["a_perfect"] == notes["e_empty"] == notes["f_both_empty"] == ""
    assert notes["c_failed"] == "out of memory"
    assert "is missing" in notes["b_missing"]
    assert "all of it is one object, 255: a binary image instead of labels?" in notes["h_binary"]
    assert "(60, 64)" in notes["i_smaller"]
    assert "(72, 72)" in notes["j_larger"]
    assert "float32" in notes["k_float_with_nan"]
    assert "stack" in notes["d_stack"]
    assert all(f"{name}: {note}" in outcome.err for name, note in notes.items() if note)


def test_the_official_protocol_leaves_out_what_the_script_would(evaluated):
    layout, run, _ = evaluated
    official = values(layout, run, OFFICIAL)
    left_out = set(official.index[official["f1"].isna()])
    assert left_out == {name for name in CASES if CASES[name][2] in {"failed", "missing"}}
    assert official.loc["e_empty", ["f1", "fn"]].tolist() == [0, 0]
    assert official.loc["f_both_empty", ["f1", "dice"]].tolist() == [0, 1]


def test_a_second_evaluation_writes_the_same_bytes(evaluated, cellarena):
    layout, run, _ = evaluated
    before = layout.scores(run).read_bytes(), layout.cells(run).read_bytes()
    assert cellarena(layout.root, "evaluate", "otsu", "real", "0").code == 0
    assert (layout.scores(run).read_bytes(), layout.cells(run).read_bytes()) == before


def test_a_damaged_annotation_is_an_error_that_names_it(tmp_path, cellarena):
    layout, _ = new_project(tmp_path, {"a": CASES["a_perfect"]})
    write_image(np.zeros((SIZE, SIZE), np.float32), layout.preprocessed / "a_label.tiff")
    outcome = cellarena(layout.root, "evaluate", "otsu", "real", "0")
    assert outcome.code == 2
    assert "annotation is float32" in outcome.err


def test_more_than_25_megapixels_and_more_than_65535_objects_are_scored_whole(tmp_path, cellarena):
    rows, columns = np.arange(5100)[:, None] // 15, np.arange(5100)[None] // 15
    many = (rows * 340 + columns + 1).astype(np.uint32)
    many[(np.arange(5100) % 15 == 0)[:, None] | (np.arange(5100) % 15 == 0)[None]] = 0
    layout, params = new_project(tmp_path, {"a": (many, np.where(many == 1000, 0, many))})
    outcome = cellarena(layout.root, "evaluate", "otsu", "real", "0")
    assert outcome.code == 0, outcome.err
    strict, official = (values(layout, params.floor_run, name).loc["a"] for name in (STRICT, OFFICIAL))
    assert (strict["n_true"], strict["n_pred"]) == (340**2, 340**2 - 1)
    assert (strict["fn"], strict["fn_with_border"]) == (1, 1)
    assert official["n_true"] < strict["tp"]


@pytest.fixture
def comparable(tmp_path, cellarena):
    """A project whose floor is evaluated on two images."""
    layout, params = new_project(tmp_path, dict.fromkeys(("a", "b"), CASES["a_perfect"]))
    assert cellarena(layout.root, "evaluate", "otsu", "real", "0").code == 0
    return layout, params.floor_run


def test_rescore_of_unchanged_predictions_changes_nothing(comparable, cellarena):
    layout, run = comparable
    before = layout.scores(run).read_bytes()
    outcome = cellarena(layout.root, "rescore", "otsu-real-0")
    assert outcome.code == 0, outcome.err
    n_values = len(SCORES.read(layout.scores(run)))
    assert outcome.out == (
        f"otsu-real-0: official-1, strict-1 -> official-1, strict-1: 0 of {n_values} values differ, 0 are new, "
        "0 are gone\n"
    )
    assert layout.scores(run).read_bytes() == before


def test_rescore_takes_over_a_table_from_before_protocols_had_names(comparable, cellarena):
    layout, run = comparable
    new = SCORES.read(layout.scores(run))
    strict = of_protocol(new, STRICT)
    old = strict[strict["metric"].isin(["f1", "dice", "n_true"])].drop(columns="protocol")
    old.loc[(old["image"] == "a") & (old["metric"] == "dice"), "value"] = 0.25
    old.to_csv(layout.scores(run), index=False, lineterminator="\n")
    layout.cells(run).unlink()
    with pytest.raises(ValueError, match="lacks the column protocol"):
        SCORES.read(layout.scores(run))
    outcome = cellarena(layout.root, "rescore", "otsu-real-0")
    assert outcome.out.startswith("otsu-real-0: strict-0 -> official-1, strict-1: 1 of ")
    assert f"1 of {len(old)} values differ, {len(new) - len(old)} are new, 0 are gone" in outcome.out
    pd.testing.assert_frame_equal(SCORES.read(layout.scores(run)), new)
    assert read_cells(layout.cells(run))


@pytest.mark.parametrize("content", [None, b"", b"no table", b"\xff\xfe"])
def test_rescore_does_without_an_old_table(comparable, cellarena, content):
    layout, run = comparable
    layout.scores(run).unlink()
    if content is not None:
        layout.scores(run).write_bytes(content)
    outcome = cellarena(layout.root, "rescore", "otsu-real-0")
    assert outcome.code == 0, outcome.err
    assert outcome.out.startswith("otsu-real-0: no scores -> official-1, strict-1: 0 of 0 values differ")


def test_rescore_of_an_unknown_run_lists_those_there_are(comparable, cellarena):
    layout, *_ = comparable
    outcome = cellarena(layout.root, "rescore", "nosuch-real-0")
    assert outcome.code == 2
    assert outcome.err == "cellarena: unknown run nosuch-real-0; params.yaml has unet-real-0, otsu-real-0\n"


def test_what_is_predicted_where_nobody_annotated_is_not_scored(tmp_path, cellarena):
    left = np.where(np.arange(SIZE) < SIZE // 2, TRUE, 0).astype(np.uint16)
    layout, params = new_project(tmp_path, {"a": (left, TRUE, "ok", 1, 0)})
    assert cellarena(tmp_path, "evaluate", "otsu", "real", "0").code == 0
    whole = values(layout, params.floor_run, STRICT).loc["a"]
    assert whole["fp"] == 8
    before = read_cells(layout.cells(params.floor_run))
    right = np.where(np.arange(SIZE) < SIZE // 2, 0, np.full_like(TRUE, 255))
    write_png(right.astype(np.uint8), layout.preprocessed / "i.png")
    (record,) = read_manifest(layout.subset("test"))
    write_manifest([replace(record, ignored="i.png", n_ignored=SIZE * SIZE // 2)], layout.subset("test"))
    outcome = cellarena(tmp_path, "rescore", "otsu-real-0")
    assert outcome.code == 0, outcome.err
    for protocol in (STRICT, OFFICIAL):
        found = values(layout, params.floor_run, protocol).loc["a"]
        assert found[["tp", "fp", "fn", "f1", "dice"]].tolist() == [8, 0, 0, 1, 1]
    assert read_cells(layout.cells(params.floor_run)) != before
