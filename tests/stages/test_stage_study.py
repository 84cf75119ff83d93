"""The study of a small model on painted images: its tables, sentences and refusals."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml

from cellarena.benchmarking.scoring import ScoredRow, scored_together
from cellarena.cli import cli
from cellarena.evaluation.quality.measures import MEASURED
from cellarena.evaluation.study import STUDY, STUDY_BY_MODALITY
from cellarena.images.io import write_image, write_labels, write_png
from cellarena.layout import Layout
from cellarena.params.mirror import load_params
from cellarena.records import Record, write_manifest
from cellarena.reporting.sections.visuals import FIGURES
from cellarena.shell.project import Project
from cellarena.synthesis.arms import compose
from workspace import ROOT

ARMS = {
    "real": {"label": "R", "real": 1},
    "mixed50": {"label": "R+S@50", "real": 1, "synthetic": 0.5, "generator": "painted"},
    "repeat": {"label": "R repeated", "real": 1, "repeats": 0.5},
}
SMALLEST = 0.01


def squares(n_cells, size=64):
    """Return a label image of squares in a row, clear of the border."""
    labels = np.zeros((size, size), np.uint16)
    for n in range(n_cells):
        labels[6:14, 4 + 12 * n : 12 + 12 * n] = n + 1
    return labels


def write_record(folder, name, modality):
    labels = squares(4)
    write_image(np.where(labels[..., None] > 0, 200, 40).repeat(3, axis=2).astype(np.uint8), folder / f"{name}.tiff")
    write_labels(labels, folder / f"{name}_label.tiff")
    return Record(
        id=name, image=f"{name}.tiff", labels=f"{name}_label.tiff", modality=modality, group="", subset="", height=64,
        width=64, channels=3, dtype="uint8", n_objects=4, sha256=name, labels_sha256=name, source="s",
        licence="CC0-1.0",
    )  # fmt: skip


def under(layout, folder, records):
    """Return records with paths relative to `data`, as an arm's manifest has them."""
    prefix = folder.relative_to(layout.data)
    return [replace(r, image=f"{prefix}/{r.image}", labels=f"{prefix}/{r.labels}") for r in records]


def declared(root, **study):
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    content["benchmark"] |= {"models": ["unet"], "ensembles": []}
    content["seeds"] = study.pop("seeds", [0, 1, 2])
    content["synthesize"]["generators"] = {"painted": {"kind": "texture", "share": 1}}
    content["arms"] = ARMS
    content["study"] = {"models": ["unet"], "arms": ["mixed50", "repeat"]} | study
    content["compare"] |= {"smallest_effect": SMALLEST, "resamples": 100}
    (root / "params.yaml").write_text(yaml.safe_dump(content))
    return Layout(root), load_params(root / "params.yaml")


def predict(layout, run, records, n_cells):
    layout.predictions(run).mkdir(parents=True, exist_ok=True)
    for record, n in zip(records, n_cells, strict=True):
        write_labels(squares(n), layout.prediction(run, record))
    layout.failures(run).write_text("image,reason\n")
    path = layout.log(run) / "plots/metrics/val/f1.tsv"
    path.parent.mkdir(parents=True)
    path.write_text("step\tf1\n10\t0.5\n20\t0.25\n")


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """Twelve images of two modalities; nine trainings, of which those with synthetic images find all cells."""
    layout, params = declared(tmp_path_factory.mktemp("scored"))
    layout.preprocessed.mkdir(parents=True)
    layout.splits.mkdir(parents=True)
    records = [write_record(layout.preprocessed, f"i{k:02}", "DIC" if k % 3 else "phase contrast") for k in range(12)]
    for subset in ("train", "val", "test"):
        write_manifest(records, layout.subset(subset))
    real = under(layout, layout.preprocessed, records)
    synthetic = [replace(r, id=f"s{r.id}") for r in under(layout, layout.synthetic("painted"), records[:6])]
    layout.arms.mkdir(parents=True)
    for name, arm in params.arms.items():
        if name == "real":
            continue
        write_manifest(compose(arm, real, synthetic if arm.generator else [], 0), layout.arm(name))
    for run in params.compared_runs:
        found = [4 if run.arm == "mixed50" else 3 - (k + run.seed) % 2 for k in range(12)]
        predict(layout, run, records, found)
    rows = [ScoredRow(Project(layout), run) for run in params.compared_runs]
    for _ in scored_together(Project(layout), rows):
        pass
    for row in rows:
        row.write(layout.scores(row.run).parent)
    return layout


def leave_quality(layout):
    """Leave what the stages fit-generator, quality and visuals leave."""
    sheets = [layout.generator_plots("painted") / "samples.png", layout.quality_plots("painted") / "spectra.png"]
    for path in [*sheets, *(layout.visuals / f"{name}.png" for name in FIGURES)]:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_png(np.zeros((8, 8, 3), np.uint8), path)
    measures = pd.DataFrame([("kid", "all images", "synthetic", 0.5, 0.1, 6, 12)], columns=MEASURED.names)
    layout.quality("painted").mkdir(parents=True)
    measures.to_csv(layout.quality("painted") / "measures.csv", index=False)


@pytest.fixture(scope="module")
def studied(scored, tmp_path_factory):
    """The same after `study` and `study-report`; not to be changed."""
    root = shutil.copytree(scored.root, tmp_path_factory.mktemp("studied") / "project")
    layout = Layout(root)
    leave_quality(layout)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        cli.main(["study"], standalone_mode=False)
        cli.main(["study-report"], standalone_mode=False)
    return layout


@pytest.fixture
def project(scored, tmp_path):
    """A copy of what was scored, to be changed."""
    return Layout(shutil.copytree(scored.root, tmp_path / "project"))


def test_a_study_ends_in_tables(studied):
    table = pd.read_csv(studied.study).set_index("arm")
    assert table.reset_index().columns.tolist() == ["arm", *[name for name in STUDY.names if name != "arm"]]
    assert table["verdict"].to_dict() == {"real": "reference", "mixed50": "better", "repeat": "equivalent"}
    assert table["n_synthetic"].to_dict() == {"real": 0, "mixed50": 6, "repeat": 0}
    assert table["n_repeats"].to_dict() == {"real": 0, "mixed50": 0, "repeat": 6}
    by_modality = pd.read_csv(studied.study_by_modality)
    assert by_modality.columns.tolist() == STUDY_BY_MODALITY.names
    assert by_modality.groupby("modality")["n_images"].max().to_dict() == {"DIC": 8, "phase contrast": 4}
    summary = json.loads(studied.study_summary.read_text())
    assert summary["unet"]["mixed50"]["f1"] == 1
    assert summary["unet"]["mixed50"]["difference"] == pytest.approx(table.loc["mixed50", "difference"], abs=1e-5)
    assert summary["unet"]["real"]["difference"] is None


def test_curves_have_a_line_for_each_arm_and_figures_are_there(studied):
    f1 = pd.read_csv(studied.study_curves / "f1_over_thresholds.csv")
    assert f1.columns.tolist() == ["row", "threshold", "f1"]
    assert f1.groupby("row", sort=False).size().to_dict() == {"real": 10, "mixed50": 10, "repeat": 10}
    assert f1.loc[f1["row"] == "mixed50", "f1"].tolist() == [1] * 10
    validation = pd.read_csv(studied.study_curves / "validation_f1.csv")
    assert validation[validation["row"] == "real"].to_dict("list") == {
        "row": ["real"] * 2, "step": [10, 20], "f1": [0.5, 0.25],
    }  # fmt: skip
    assert {path.name for path in studied.study_curves.iterdir()} == {"f1_over_thresholds.csv", "validation_f1.csv"}
    assert {path.stem for path in studied.study_figures.iterdir()} == {
        "dose_response_unet", "differences_unet", "modalities_unet", "f1_over_thresholds_unet", "validation_f1_unet",
    }  # fmt: skip


def test_the_same_scores_give_the_same_bytes_and_the_sentence(studied, project, cellarena):
    done = cellarena(project.root, "study")
    assert done.code == 0, done.err
    assert done.out.startswith("Synthetic images help unet: R+S@50 is better than R by 0.")
    made = [studied.study, studied.study_by_modality, studied.study_summary]
    made += sorted([*studied.study_curves.iterdir(), *studied.study_figures.iterdir()])
    for path in made:
        assert (project.root / path.relative_to(studied.root)).read_bytes() == path.read_bytes(), path


def test_one_seed_says_so(project, cellarena):
    declared(project.root, seeds=[0])
    done = cellarena(project.root, "study")
    assert done.code == 0, done.err
    assert done.out.startswith("Cannot tell whether synthetic images help unet: with 1 seed the spread between")
    table = pd.read_csv(project.study)
    assert table[["low", "high", "p_holm"]].isna().all(axis=None)
    leave_quality(project)
    assert cellarena(project.root, "study-report").code == 0
    assert "With 1 seed the spread between trainings is unknown" in project.study_report("txt").read_text()


def test_without_a_model_there_is_no_study(project, cellarena):
    declared(project.root, models=[])
    done = cellarena(project.root, "study")
    assert (done.code, done.out) == (0, "no study is declared: see study.models and study.arms in params.yaml\n")
    assert pd.read_csv(project.study).empty
    assert json.loads(project.study_summary.read_text()) == {}
    assert (project.study_curves / "f1_over_thresholds.csv").read_text() == "row,threshold,f1\n"


@pytest.mark.parametrize("lacking", ["cells", "scores"])
def test_unequal_coverage_is_refused_before_any_score(project, cellarena, lacking):
    _, params = declared(project.root)
    run = params.study_runs[0]
    getattr(project, lacking)(run).unlink()
    done = cellarena(project.root, "study")
    assert done.code == 2
    assert str(run) in done.err
    assert done.err.count("\n") == 1
    assert not project.study.exists()


def test_a_prediction_that_changed_since_it_was_scored_is_refused(project, cellarena):
    _, params = declared(project.root)
    run = params.study_runs[0]
    write_labels(squares(1), min(project.predictions(run).glob("*.tiff")))
    done = cellarena(project.root, "study")
    assert done.code == 2
    assert f"{run}: 1 stale (i00)" in done.err


def test_the_report_says_the_answer_first_and_shows_every_figure(studied):
    text = studied.study_report("md").read_text()
    answer = text.index("Synthetic images help unet: R+S&#64;50 is better than R by 0.")
    assert answer < text.index("## Score against the share of synthetic images") < text.index("## Limits of the design")
    folders = studied.generator_plots("painted"), studied.quality_plots("painted"), studied.visuals
    sheets = [path for folder in folders for path in folder.iterdir()]
    assert len(sheets) == 2 + len(FIGURES)
    for path in [*studied.study_figures.iterdir(), *sheets]:
        assert f"](../{path.relative_to(studied.root).as_posix()})" in text
    assert studied.study_report("pdf").read_bytes().startswith(b"%PDF")
    assert "Synthetic images help unet: R+S@50 is better than R by 0." in studied.study_report("txt").read_text()
    assert studied.study_report("html").read_text().count("data:image/png;base64") == 5 + 2 + len(FIGURES)


def test_a_report_without_a_study_says_so(project, cellarena):
    declared(project.root, models=[])
    done = cellarena(project.root, "study-report")
    assert done.code == 0, done.err
    assert "No study is declared" in project.study_report("txt").read_text()


@pytest.mark.parametrize("content", ["", "<<<<<<< HEAD\n", "model,arm\nunet,real\n"])
def test_a_report_of_damaged_numbers_is_refused_by_name(project, cellarena, content):
    project.study.parent.mkdir(exist_ok=True)
    project.study.write_text(content)
    done = cellarena(project.root, "study-report")
    assert done.code == 2
    assert done.err.startswith(f"cellarena: {project.study.relative_to(project.root)}: damaged or edited (")
    assert done.err.count("\n") == 1
