"""Whatever a prediction's file is: its image is a row, its status is known, and nothing is ranked on other images."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarked import annotate, declare, predict, without_probabilities
from cellarena.evaluation.coverage import read_statuses
from cellarena.evaluation.protocols import OFFICIAL, STRICT
from cellarena.evaluation.scores import SCORES, of_protocol
from cellarena.images.io import write_image, write_labels, write_png
from cellarena.images.probabilities import write_probabilities
from cellarena.records import read_manifest, write_manifest

SIZE = 64
COLUMNS = 4
STUDY = {"models": ["unet"], "arms": ["repeat", "low10"]}


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


def new_project(root, cases, **sections):
    """Write a project of a network that failed on everything, and of the floor, whose predictions are the cases'."""
    layout, params = declare(root, ["unet"], **sections)
    test = annotate(layout, "test", {name: true for name, (true, *_) in cases.items()})
    for subset in ("train", "val"):
        annotate(layout, subset, {subset: TRUE})
    (unet,), floor = params.runs, params.method_runs[0]
    predict(layout, unet, {}, {record.id: "out of memory" for record in test})
    without_probabilities(layout, unet, [*test])
    write_probabilities(np.full((3, SIZE, SIZE), 1 / 3, np.float32), layout.probabilities(unet) / "val/val.tiff")
    predict(layout, floor, {name: pred for name, (_, pred, *_) in cases.items()}, {"c_failed": "out of memory"})
    return layout, params


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """The cases after one evaluation: layout, run, what was printed."""
    return new_project(tmp_path_factory.mktemp("cases"), CASES)


@pytest.fixture
def evaluated(scored, cellarena):
    layout, params = scored
    outcome = cellarena(layout.root, "evaluate")
    assert outcome.code == 0, outcome.err
    return layout, params.method_runs[0], outcome


def values(layout, run, protocol):
    """Return strict or official scores at IoU 0.5 or without threshold: image, metric -> value."""
    scores = of_protocol(SCORES.read(layout.scores(run)), protocol)
    scores = scores[scores["threshold"].isna() | (scores["threshold"] == 0.5)]
    return scores.pivot(index="image", columns="metric", values="value")


def test_every_case_has_its_status_its_score_and_its_misses(evaluated):
    layout, run, _ = evaluated
    cells = {cell.image: cell.status for cell in read_statuses(layout.cells(run))}
    strict = values(layout, run, STRICT)
    found = {name: (cells[name], strict.loc[name, "f1"], strict.loc[name, "fn"]) for name in CASES}
    assert found == {name: (status, f1, fn) for name, (_, _, status, f1, fn) in CASES.items()}
    assert set(strict.index[strict["failed"] == 1]) == {n for n in CASES if CASES[n][2] in {"failed", "missing"}}


def test_reasons_and_oddities_are_noted_and_printed(evaluated):
    layout, run, outcome = evaluated
    notes = {cell.image: cell.note for cell in read_statuses(layout.cells(run))}
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
    assert cellarena(layout.root, "evaluate").code == 0
    assert (layout.scores(run).read_bytes(), layout.cells(run).read_bytes()) == before


def test_a_damaged_annotation_is_an_error_that_names_it(tmp_path, cellarena):
    layout, _ = new_project(tmp_path, {"a": CASES["a_perfect"]})
    write_image(np.zeros((SIZE, SIZE), np.float32), layout.preprocessed / "a_label.tiff")
    outcome = cellarena(layout.root, "evaluate")
    assert outcome.code == 2
    assert "a_label.tiff: annotation is float32" in outcome.err


@pytest.fixture
def study(tmp_path):
    """A project of one run of the study on each of two arms."""
    return new_project(tmp_path, {"a": CASES["a_perfect"]}, study=STUDY)


def test_more_than_25_megapixels_and_more_than_65535_objects_are_scored_whole(tmp_path, cellarena):
    rows, columns = np.arange(5100)[:, None] // 15, np.arange(5100)[None] // 15
    many = (rows * 340 + columns + 1).astype(np.uint32)
    many[(np.arange(5100) % 15 == 0)[:, None] | (np.arange(5100) % 15 == 0)[None]] = 0
    layout, params = declare(tmp_path, ["unet"], study=STUDY | {"arms": ["repeat"]})
    annotate(layout, "test", {"a": many})
    predict(layout, params.study_runs[0], {"a": np.where(many == 1000, 0, many)})
    outcome = cellarena(layout.root, "evaluate-study")
    assert outcome.code == 0, outcome.err
    strict, official = (values(layout, params.study_runs[0], name).loc["a"] for name in (STRICT, OFFICIAL))
    assert (strict["n_true"], strict["n_pred"]) == (340**2, 340**2 - 1)
    assert (strict["fn"], strict["fn_with_border"]) == (1, 1)
    assert official["n_true"] < strict["tp"]


def test_the_study_is_scored_by_itself_and_what_is_not_there_is_refused(study, cellarena):
    layout, params = study
    first, second = params.study_runs
    predict(layout, first, {"a": TRUE})
    outcome = cellarena(layout.root, "evaluate-study")
    assert (outcome.code, outcome.err) == (
        2, f"cellarena: data/study/predictions/{second}: no predictions; run `dvc repro` or `dvc pull`\n",
    )  # fmt: skip
    assert not layout.study_scores.exists()
    predict(layout, second, {"a": b"II*\x00"})
    assert cellarena(layout.root, "evaluate-study").code == 0
    names = [name for run in (first, second) for name in (f"{run}.cells.csv", f"{run}.csv")]
    assert sorted(path.name for path in layout.study_scores.iterdir()) == sorted(names)
    assert [read_statuses(layout.cells(run))[0].status for run in (first, second)] == ["ok", "failed"]
    assert values(layout, second, STRICT).loc["a", "f1"] == 0
    assert not layout.scores(params.method_runs[0]).exists()


@pytest.mark.parametrize("row", ["unet", "otsu"])
def test_predictions_that_were_never_made_are_not_scored_as_failures(tmp_path, cellarena, row):
    layout, _ = new_project(tmp_path, {"a": CASES["a_perfect"]})
    (layout.root / f"data/predictions/{row}-real-0/failures.csv").unlink()
    outcome = cellarena(layout.root, "evaluate")
    assert outcome.code == 2
    assert outcome.err == f"cellarena: data/predictions/{row}-real-0: no predictions; run `dvc repro` or `dvc pull`\n"


def test_all_tables_appear_or_none(tmp_path, cellarena):
    layout, params = new_project(tmp_path, {"a": CASES["a_perfect"]})
    assert cellarena(layout.root, "evaluate").code == 0
    write_labels(NOTHING, layout.predictions(params.method_runs[0]) / "a.tiff")
    before = {path: path.read_bytes() for path in layout.data.rglob("*.csv")}
    (layout.preprocessed / "train_label.tiff").unlink()
    outcome = cellarena(layout.root, "evaluate")
    assert outcome.code == 2
    assert "train_label.tiff" in outcome.err
    assert {path: path.read_bytes() for path in layout.data.rglob("*.csv")} == before


def test_an_image_that_comes_twice_is_refused(tmp_path, cellarena):
    layout, _ = new_project(tmp_path, {"a": CASES["a_perfect"]})
    (record,) = read_manifest(layout.subset("test"))
    write_manifest([record, record], layout.subset("test"))
    outcome = cellarena(layout.root, "evaluate")
    assert outcome.code == 2
    assert "image 'a' comes twice" in outcome.err


def test_an_image_that_cannot_be_read_is_evaluated_without_contrast(tmp_path, cellarena):
    layout, params = new_project(tmp_path, {"a": CASES["a_perfect"]})
    (layout.preprocessed / "a.tiff").write_bytes(b"II*\x00")
    outcome = cellarena(layout.root, "evaluate")
    assert outcome.code == 0, outcome.err
    assert "a: contrast is undefined, for the image cannot be read" in outcome.err
    objects = pd.read_csv(layout.errors(params.method_runs[0]) / "objects.csv")
    assert set(objects["category"]) == {"match"}
    assert objects["contrast"].isna().all()


def test_what_is_predicted_where_nobody_annotated_is_not_scored(tmp_path, cellarena):
    left = np.where(np.arange(SIZE) < SIZE // 2, TRUE, 0).astype(np.uint16)
    layout, params = new_project(tmp_path, {"a": (left, TRUE, "ok", 1, 0)})
    assert cellarena(tmp_path, "evaluate").code == 0
    whole = values(layout, params.method_runs[0], STRICT).loc["a"]
    assert whole["fp"] == 8
    before = read_statuses(layout.cells(params.method_runs[0]))
    right = np.where(np.arange(SIZE) < SIZE // 2, 0, np.full_like(TRUE, 255))
    write_png(right.astype(np.uint8), layout.preprocessed / "i.png")
    (record,) = read_manifest(layout.subset("test"))
    write_manifest([replace(record, ignored="i.png", n_ignored=SIZE * SIZE // 2)], layout.subset("test"))
    outcome = cellarena(tmp_path, "evaluate")
    assert outcome.code == 0, outcome.err
    for protocol in (STRICT, OFFICIAL):
        found = values(layout, params.method_runs[0], protocol).loc["a"]
        assert found[["tp", "fp", "fn", "f1", "dice"]].tolist() == [8, 0, 0, 1, 1]
    assert read_statuses(layout.cells(params.method_runs[0])) != before
