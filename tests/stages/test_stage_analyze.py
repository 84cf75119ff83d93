"""From predictions to error tables, galleries and the comparison of all runs."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml

from cellarena.evaluation.errors.analysis import OBJECTS
from cellarena.images.io import write_image, write_labels, write_png
from cellarena.layout import Layout
from cellarena.params import load_params
from cellarena.records import Record, read_manifest, write_manifest
from workspace import ROOT

MODELS = ["unet", "sac"]
TABLES = ["counts.csv", "gains.csv", "objects.csv", "strata.csv"]


def cells(*spans):
    labels = np.zeros((64, 64), np.uint16)
    for n, (start, stop) in enumerate(spans, 1):
        labels[20:30, start:stop] = n
    return labels


TRUE = cells((5, 15), (15, 25), (40, 50))
MERGED = cells((5, 26), (40, 50))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A project of two models and the floor: `unet` merges two of three cells, `sac` fails on one of two images."""
    root = tmp_path_factory.mktemp("errors")
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    content["benchmark"] |= {"models": MODELS, "ensembles": [], "seeds": [0]}
    (root / "params.yaml").write_text(yaml.safe_dump(content))
    layout, params = Layout(root), load_params(root / "params.yaml")
    records = []
    for name in ("a|b", "NA"):
        image = np.where(TRUE[..., None] > 0, 200, 40) + np.arange(64)[:, None, None] % 3
        write_image(image.repeat(3, axis=2).astype(np.uint8), layout.preprocessed / f"{name}.tiff")
        write_labels(TRUE, layout.preprocessed / f"{name}_label.tiff")
        records.append(Record(
            id=name, image=f"{name}.tiff", labels=f"{name}_label.tiff", modality="DIC", group="", subset="", height=64,
            width=64, channels=3, dtype="uint8", n_objects=3, sha256=name, labels_sha256=name, source="s",
            licence="CC0-1.0",
        ))  # fmt: skip
    layout.splits.mkdir(parents=True)
    for subset in ("train", "test"):
        write_manifest(records, layout.subset(subset))
    for run in params.scored_runs:
        layout.predictions(run).mkdir(parents=True)
        layout.failures(run).write_text("image,reason\n")
        for record in records if run.model != "sac" else records[:1]:
            write_labels(MERGED if run.model == "unet" else TRUE, layout.prediction(run, record))
    return layout, params


@pytest.fixture
def analyzed(made, cellarena):
    layout, params = made
    if not layout.anatomy.exists():
        for command in ("strata", *(f"analyze {r.model} {r.arm} {r.seed}" for r in params.scored_runs), "anatomy"):
            done = cellarena(layout.root, *command.split())
            assert done.code == 0, done.err
            if command == "anatomy":
                (layout.root / "printed").write_text(done.out)
    return layout, params


def test_every_run_has_its_tables_and_its_gallery(analyzed):
    layout, params = analyzed
    for run in params.scored_runs:
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


def test_the_comparison_has_a_row_for_every_run_and_image(analyzed):
    layout, params = analyzed
    totals = pd.read_csv(layout.anatomy / "categories.csv").set_index("run")
    assert totals.index.tolist() == [str(run) for run in params.scored_runs]
    assert totals["n_failed"].to_dict() == {"unet-real-0": 0, "sac-real-0": 1, "otsu-real-0": 0}
    assert totals.loc["unet-real-0", ["n_true_merge", "n_events_merge", "n_true_match"]].tolist() == [4, 2, 2]
    hard = pd.read_csv(layout.anatomy / "difficulty.csv", keep_default_na=False).set_index("image")
    assert hard.loc["NA", ["f1_unet", "f1_sac", "f1_otsu", "hard_for_all"]].tolist() == [0.4, 0, 1, 1]
    assert hard.loc["a|b", ["f1_unet", "f1_sac", "hard_for_all"]].tolist() == [0.4, 1, 0]
    assert "1 of 2 images are hard for all models" in (layout.root / "printed").read_text()
    assert {path.name for path in layout.anatomy_figures.iterdir()} == {
        "categories.png", "gains.png", "recall_by_contrast.png", "recall_by_size.png",
        "recall_by_size_and_neighbour.png",
    }  # fmt: skip


def test_the_same_input_gives_the_same_bytes(analyzed, cellarena):
    layout, params = analyzed
    run = params.runs[0]
    paths = [layout.gallery(run), *sorted(layout.errors(run).iterdir())]
    before = [path.read_bytes() for path in paths]
    assert cellarena(layout.root, "analyze", run.model, run.arm, str(run.seed)).code == 0
    assert [path.read_bytes() for path in paths] == before


def test_chosen_images_go_into_a_folder_of_their_own(analyzed, cellarena):
    layout, params = analyzed
    before = (layout.errors(params.runs[0]) / "counts.csv").read_bytes()
    done = cellarena(layout.root, "analyze", "unet", "real", "0", "--images", "a|b", "-o", "chosen")
    assert done.code == 0, done.err
    chosen = layout.root / "chosen"
    assert sorted(path.name for path in chosen.iterdir()) == [*TABLES[:1], "gains.csv", "gallery.png", *TABLES[2:]]
    assert pd.read_csv(chosen / "counts.csv")["image"].tolist() == ["a|b"]
    assert (layout.errors(params.runs[0]) / "counts.csv").read_bytes() == before
    again = cellarena(layout.root, "analyze", "unet", "real", "0", "--images", "a|b", "-o", "chosen")
    assert (again.code, again.err) == (2, "cellarena: chosen: not empty; name a new folder\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["unet", "real", "0", "--images", "x", "-o", "other"], "x: not in the test subset"),
        (["unet", "real", "0", "--images", "NA"], "--images and -o go together"),
        (["unet", "real", "0", "-o", "other"], "--images and -o go together"),
        (["unet", "real", "7"], "no predictions; run `dvc repro`"),
    ],
)
def test_what_cannot_be_analyzed_is_said(analyzed, cellarena, arguments, message):
    done = cellarena(analyzed[0].root, "analyze", *arguments)
    assert done.code == 2
    assert message in done.err
    assert not (analyzed[0].root / "other").exists()


def test_a_prediction_of_another_size_is_named(analyzed, cellarena):
    layout, params = analyzed
    path = layout.predictions(params.runs[0]) / "NA.tiff"
    kept = path.read_bytes()
    write_labels(TRUE[:50], path)
    try:
        done = cellarena(layout.root, "analyze", "unet", "real", "0")
    finally:
        path.write_bytes(kept)
    assert done.code == 2
    assert done.err.endswith("they must be the same image\n")
    assert "unet-real-0, image 'NA'" in done.err


def test_a_missing_or_damaged_table_is_named(analyzed, cellarena):
    layout, params = analyzed
    path = layout.errors(params.runs[0]) / "gains.csv"
    kept = path.read_bytes()
    path.write_text("<<<<<<< HEAD\n")
    damaged = cellarena(layout.root, "anatomy")
    path.unlink()
    missing = cellarena(layout.root, "anatomy")
    path.write_bytes(kept)
    assert damaged.err.startswith("cellarena: data/errors/unet-real-0/gains.csv: damaged or edited (")
    assert missing.err.startswith("cellarena: data/errors/unet-real-0/gains.csv: no such table of gains; run `dvc")
    assert damaged.code == missing.code == 2


def test_objects_where_nobody_annotated_are_no_errors(made, cellarena, tmp_path):
    layout, params = made
    na, other = read_manifest(layout.subset("test"))
    ignored = np.zeros((64, 64), np.uint8)
    ignored[:, 38:] = 255
    write_png(ignored, layout.preprocessed / "ignored.png")
    write_labels(np.where(ignored, 0, TRUE), layout.preprocessed / na.labels)
    write_manifest([replace(na, ignored="ignored.png"), other], layout.subset("test"))
    try:
        run = params.floor_run
        done = cellarena(layout.root, "analyze", run.model, run.arm, "0", "--images", "NA", "-o", str(tmp_path / "out"))
    finally:
        write_manifest([na, other], layout.subset("test"))
        write_labels(TRUE, layout.preprocessed / na.labels)
    assert done.code == 0, done.err
    found = OBJECTS.read(tmp_path / "out/objects.csv")
    assert found.groupby("side").size().to_dict() == {"pred": 2, "true": 2}
    assert set(found["category"]) == {"match"}
