"""From predictions to error tables and galleries, of all rows in one evaluation."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarked import annotate, declare, predict, without_probabilities
from cellarena.evaluation.coverage import read_statuses
from cellarena.evaluation.errors.analysis import OBJECTS
from cellarena.evaluation.errors.gains import COUNTS
from cellarena.evaluation.errors.strata import BOUNDS
from cellarena.images.io import read_image, write_labels, write_png
from cellarena.images.probabilities import write_probabilities
from cellarena.records import read_manifest, write_manifest

MODELS = ["unet", "sac"]
TABLES = ["counts.csv", "gains.csv", "objects.csv", "strata.csv"]


def cells(*spans):
    labels = np.zeros((64, 64), np.uint16)
    for n, (start, stop) in enumerate(spans, 1):
        labels[20:30, start:stop] = n
    return labels


TRUE = cells((5, 15), (15, 25), (40, 50))
MERGED = cells((5, 26), (40, 50))


def new_project(root):
    """Write a project of the floor and two models: `unet` merges two of three cells, `sac` lacks one of two images."""
    layout, params = declare(root, MODELS)
    annotate(layout, "train", {"t": TRUE})
    annotate(layout, "val", {"v": TRUE})
    records = annotate(layout, "test", {"a|b": TRUE, "NA": TRUE})
    flat = np.full((3, 64, 64), 1 / 3, np.float32)
    for run in params.rows:
        preds = dict.fromkeys(("a|b", "NA"), MERGED if run.model == "unet" else TRUE)
        predict(layout, run, preds | ({"NA": None} if run.model == "sac" else {}))
        if run != params.method_runs[0]:
            without_probabilities(layout, run, records)
            write_probabilities(flat, layout.probabilities(run) / "val/v.tiff")
    return layout, params


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """What is evaluated once, and what was printed."""
    return new_project(tmp_path_factory.mktemp("errors"))


@pytest.fixture
def analyzed(made, cellarena):
    layout, params = made
    if not layout.strata.exists():
        done = cellarena(layout.root, "evaluate")
        assert done.code == 0, done.err
    return layout, params


def test_every_run_has_its_tables_and_its_gallery(analyzed):
    layout, params = analyzed
    for run in params.rows:
        assert sorted(path.name for path in layout.errors(run).iterdir()) == TABLES
        assert layout.gallery(run).read_bytes().startswith(b"\x89PNG")
        assert layout.gallery(run).stat().st_size < 150_000


def test_names_are_kept_and_errors_named(analyzed):
    layout, params = analyzed
    objects = OBJECTS.read(layout.errors(params.runs[0]) / "objects.csv")
    assert sorted(set(objects["image"])) == ["NA", "a|b"]
    of_one = objects[objects["image"] == "NA"]
    assert of_one.loc[of_one["side"] == "true", "category"].tolist() == ["merge", "merge", "match"]
    assert of_one.loc[of_one["category"] == "merge", "partners"].tolist() == ["1", "1", "1 2"]


def test_the_same_input_gives_the_same_bytes(analyzed, cellarena):
    layout, params = analyzed
    paths = [*map(layout.gallery, params.rows), *sorted(layout.strata.parent.rglob("*.csv"))]
    assert len(paths) == 3 + 3 * len(TABLES) + 1
    before = [path.read_bytes() for path in paths]
    assert cellarena(layout.root, "evaluate").code == 0
    assert [path.read_bytes() for path in paths] == before


def test_the_bounds_of_the_strata_are_those_of_the_train_subset(analyzed):
    layout, _ = analyzed
    bounds = BOUNDS.read(layout.strata).set_index("by")
    assert bounds.loc["neighbour distance", "n"].tolist() == [3] * 3
    assert bounds.loc["density", "n"].tolist() == [1] * 3


def test_a_missing_prediction_is_a_failed_image_of_the_errors(analyzed):
    layout, params = analyzed
    counts = COUNTS.read(layout.errors(params.runs[1]) / "counts.csv").set_index("image")
    assert counts.loc["NA", ["failed", "f1", "n_true_missed"]].tolist() == [1, 0, 3]
    assert counts.loc["a|b", ["failed", "f1"]].tolist() == [0, 1]


def test_the_gallery_shows_the_errors_of_the_images(analyzed):
    layout, params = analyzed
    merged, right = (read_image(layout.gallery(run)) for run in (params.runs[0], params.method_runs[0]))
    # Outlines and crops have colours, words have none.
    assert np.ptp(merged.astype(int), axis=2).max() > 100
    assert np.ptp(right.astype(int), axis=2).max() == 0


def test_a_prediction_of_another_size_is_a_failed_image_of_all_tables(tmp_path, cellarena):
    layout, params = new_project(tmp_path)
    run = params.runs[0]
    write_labels(TRUE[:50], layout.predictions(run) / "NA.tiff")
    done = cellarena(layout.root, "evaluate")
    assert done.code == 0, done.err
    assert "unet-real-0, NA: annotation has shape (64, 64), prediction (50, 64): they must" in done.err
    counts = COUNTS.read(layout.errors(run) / "counts.csv").set_index("image")
    assert counts["failed"].to_dict() == {"NA": 1, "a|b": 0}
    assert {cell.image: cell.status for cell in read_statuses(layout.cells(run))} == {"NA": "failed", "a|b": "ok"}


def test_objects_where_nobody_annotated_are_no_errors(tmp_path, cellarena):
    layout, params = new_project(tmp_path)
    na, other = sorted(read_manifest(layout.subset("test")), key=lambda record: record.id)
    ignored = np.zeros((64, 64), np.uint8)
    ignored[:, 38:] = 255
    write_png(ignored, layout.preprocessed / "ignored.png")
    write_labels(np.where(ignored, 0, TRUE), layout.preprocessed / na.labels)
    write_manifest([replace(na, ignored="ignored.png"), other], layout.subset("test"))
    done = cellarena(layout.root, "evaluate")
    assert done.code == 0, done.err
    found = OBJECTS.read(layout.errors(params.method_runs[0]) / "objects.csv")
    found = found[found["image"] == "NA"]
    assert found.groupby("side").size().to_dict() == {"pred": 2, "true": 2}
    assert set(found["category"]) == {"match"}
