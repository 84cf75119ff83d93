"""The augmentation study in a repository of its own: made, unchanged, and changed in one arm."""

import csv
import html
import shutil

import pytest

from cellarena.layout import Layout
from cellarena.params.mirror import load_params
from cellarena.records import read_manifest

pytestmark = pytest.mark.journey

STUDY = {"models": ["unet"], "arms": ["texture50", "repeat"]}
SUFFIXES = ("md", "txt", "pdf", "html")
OF_AN_ARM = ("train-study", "predict-study")


@pytest.fixture(scope="module")
def studied(reproduction, tmp_path_factory):
    """The study of one model with another arm, committed; to be copied, not changed."""
    workspace = reproduction.workspace.copy(tmp_path_factory.mktemp("studied"))
    layout = Layout(workspace.root)
    # What the first study made must not pass for what this one makes.
    for made in (layout.study, layout.study_by_modality, layout.study_summary, *map(layout.study_report, SUFFIXES)):
        made.unlink()
    for made in (layout.study_curves, layout.study_figures, layout.quality("texture"), layout.quality_plots("texture")):
        shutil.rmtree(made)
    workspace.set_params(study=STUDY)
    workspace.repro("study-report", "quality@texture")
    workspace.run("git", "add", "--all")
    workspace.run("git", "commit", "--quiet", "--message", "A study")
    return workspace


def table(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_output_of_the_study_is_made(studied):
    layout, params = Layout(studied.root), load_params(studied.root / "params.yaml")
    made = [layout.study, layout.study_by_modality, layout.study_summary, layout.study_curves, layout.study_figures]
    made += [layout.study_report(suffix) for suffix in SUFFIXES]
    made += [layout.quality("texture"), layout.quality_plots("texture"), layout.generator_plots("texture")]
    made += [path for run in params.compared_runs for path in (layout.checkpoint(run), layout.scores(run))]
    assert [path for path in made if not path.exists()] == []


def test_one_seed_gives_no_verdict_on_the_arms_and_the_report_says_so(studied):
    lines = {line["arm"]: line for line in table(studied.root / "metrics/study.csv")}
    assert set(lines) == {"real", "texture50", "repeat"}
    assert {lines[arm]["verdict"] for arm in ("texture50", "repeat")} == {"cannot tell"}
    assert lines["texture50"]["low"] == ""
    report = html.unescape((studied.root / "reports/study.md").read_text())
    assert lines["texture50"]["words"] in report
    assert "1 seed" in lines["texture50"]["words"]


def test_an_arm_refers_to_images_and_copies_none(studied):
    layout = Layout(studied.root)
    assert {path.suffix for path in layout.arms.iterdir()} == {".csv"}
    real, mixed = (read_manifest(layout.learnt(name)[0]) for name in ("real", "texture50"))
    assert {r.id for r in real} < {r.id for r in mixed}
    assert all((layout.data / r.image).is_file() and (layout.data / r.labels).is_file() for r in mixed)
    assert len(read_manifest(layout.arm("repeat"))) == len(mixed)


def test_a_second_repro_runs_no_stage(studied):
    ran, _ = studied.repro("study-report", "quality@texture")
    assert ran == []


def test_the_share_of_one_arm_concerns_that_arm_only(studied, tmp_path):
    workspace = studied.copy(tmp_path)
    workspace.set_params(**{"arms.texture50.synthetic": 0.25})
    ran, _ = workspace.repro("study-report", "quality@texture")
    of_it = {"grid", "arms", *(f"{stage}@unet-texture50-0" for stage in OF_AN_ARM)}
    assert set(ran) == of_it | {"evaluate-study", "study", "study-report"}


def test_layouts_images_and_arms_have_the_same_bytes_again(studied, tmp_path):
    workspace = studied.copy(tmp_path)
    shutil.rmtree(workspace.root / ".dvc/cache/runs")
    stages = ["fit-generator@texture", "synthesize@texture", "arms"]
    ran, _ = workspace.repro("--force", "--single-item", *stages)
    assert set(ran) == set(stages)
    made = ("data/generators", "data/synthetic", "data/study/arms")
    assert workspace.hashes(*made) == studied.hashes(*made)
