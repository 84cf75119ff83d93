"""The pipeline in a repository of its own: from nothing to the report, again, pulled, changed and compared."""

import json
import math
import os
import re
import shutil
from pathlib import Path

import pytest
import yaml

from cellarena.layout import Layout
from cellarena.params.mirror import load_params
from cellarena.records import read_manifest
from workspace import STORAGE, Workspace, stages_run

pytestmark = pytest.mark.journey

RUN = "unet-real-0"
OTSU = "otsu-real-0"
RUN_OF_STUDY = "unet-repeat-0"
OF_STUDY = ("train-study", "predict-study")
OF_A_RUN = ("train", "predict", "package")


def outputs(workspace):
    """Return every output that the layout names."""
    layout, params = Layout(workspace.root), load_params(workspace.root / "params.yaml")
    yield from (layout.raw, layout.preprocessed, layout.splits, layout.dataset_plots, layout.curves, layout.figures)
    yield from (layout.summary, layout.report, layout.report_text, layout.report_pdf, layout.report_page)
    yield from (layout.strata, layout.anatomy, layout.anatomy_figures)
    yield from (layout.calibrations, layout.calibration_figures)
    for run in params.runs:
        yield from (layout.checkpoint(run), layout.log(run), layout.training_costs(run))
        yield from (layout.probabilities(run), layout.unpredicted(run), layout.calibration(run))
    for run in [*params.runs, params.method_runs[0]]:
        yield from (layout.predictions(run), layout.failures(run), layout.scores(run), layout.prediction_costs(run))
        yield from (layout.errors(run), layout.gallery(run))


def strict_json(text):
    def refuse(constant):
        raise ValueError(constant)

    return json.loads(text, parse_constant=refuse)


def test_from_nothing_every_output_is_made(reproduction):
    missing = [path for path in outputs(reproduction.workspace) if not path.exists()]
    assert missing == []
    assert sorted(reproduction.ran[:3]) == ["acquire", "code", "grid"]
    assert "report" in reproduction.ran
    assert len(set(reproduction.ran)) == len(reproduction.ran)


def test_the_summary_is_strict_json_with_every_model_and_the_floor(reproduction):
    summary = strict_json((reproduction.workspace.root / "metrics/summary.json").read_text())
    assert set(summary) == {"unet", "otsu"}
    assert summary["unet"]["real"].keys() == summary["otsu"]["real"].keys()
    assert 0 < summary["otsu"]["real"]["f1"] < 1
    numbers = [n for arms in summary.values() for cell in arms.values() for n in cell.values() if n is not None]
    assert all(math.isfinite(number) for number in numbers)


def test_the_report_names_every_test_image_and_needs_nothing_else(reproduction):
    root = reproduction.workspace.root
    page = (root / "reports/report.html").read_text()
    ids = [line.split(",")[0] for line in (root / "data/splits/test.csv").read_text().splitlines()[1:]]
    assert ids
    assert all(record_id in page for record_id in ids)
    assert 'src="http' not in page
    markdown = (root / "reports/report.md").read_text()
    linked = [part.split(")")[0] for part in markdown.split("](")[1:]]
    assert linked
    assert all((root / "reports" / path).is_file() for path in linked)


def test_what_is_new_to_git_is_small_and_to_be_committed(reproduction):
    new = {line.removeprefix("?? ") for line in reproduction.new_files}
    assert all(line.startswith("?? ") for line in reproduction.new_files), reproduction.new_files
    assert {path.split("/")[0] for path in new} == {"code.yaml", "dvc.lock", "grid.yaml", "metrics", "plots", "reports"}
    reports = {f"reports/{name}.{suffix}" for name in ("report", "study") for suffix in ("md", "txt")}
    assert {path for path in new if path.startswith("reports")} == reports
    sizes = {path: (reproduction.workspace.root / path).stat().st_size for path in new}
    assert max(sizes.values()) < 2_000_000, sizes


def test_a_second_repro_runs_no_stage(workspace):
    ran, printed = workspace.repro()
    assert ran == []
    assert "Data and pipelines are up to date." in printed
    assert workspace.is_up_to_date()
    assert workspace.run("git", "status", "--porcelain") == ""


def test_lost_data_come_back_from_the_remote_as_they_were(workspace):
    before = workspace.hashes("data", "reports")
    shutil.rmtree(workspace.root / "data")
    shutil.rmtree(workspace.root / ".dvc/cache")
    (workspace.root / "reports/report.html").unlink()
    workspace.run("dvc", "pull", "--quiet")
    assert workspace.hashes("data", "reports") == before
    assert workspace.is_up_to_date()


def test_a_second_clone_pulls_the_same(workspace):
    clone = Workspace(workspace.root.parent / "clone")
    workspace.run("git", "clone", "--quiet", str(workspace.root), str(clone.root))
    clone.run("dvc", "pull", "--quiet")
    assert clone.hashes("data", "metrics", "plots", "reports") == workspace.hashes(
        "data", "metrics", "plots", "reports"
    )
    assert clone.is_up_to_date()


def test_a_damaged_object_of_the_remote_is_not_pulled(workspace):
    weights = workspace.root / "data/checkpoints/unet-real-0/model.safetensors"
    content = weights.read_bytes()
    stored = next(p for p in (workspace.root.parent / STORAGE).rglob("*") if holds(p, content))
    stored.chmod(0o644)
    stored.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    shutil.rmtree(workspace.root / "data")
    shutil.rmtree(workspace.root / ".dvc/cache")
    workspace.run("dvc", "pull", "--quiet", code=1)
    assert not weights.exists()


def holds(path: Path, content: bytes) -> bool:
    return path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content


def test_a_changed_learning_rate_concerns_the_training_of_that_model(workspace):
    workspace.set_params(**{"models.unet.learning_rate": 0.01})
    changed = json.loads(workspace.run("dvc", "status", "--json"))
    assert set(changed) == {"grid", f"train@{RUN}", "train-study@unet-repeat-0"}


def test_a_study_of_no_model_is_one_key_and_what_it_needs_is_left_out_and_said(workspace):
    printed = workspace.run("dvc", "exp", "run", "--set-param", "study.models=[]")
    assert "no study is declared" in printed
    assert not {stage for stage in stages_run(printed) if stage.startswith(("train", "predict", "compare"))}
    assert "No study is declared" in (workspace.root / "reports/study.txt").read_text()
    assert workspace.is_up_to_date()


@pytest.fixture(scope="module")
def quick(reproduction, tmp_path_factory):
    """A workspace after an experiment with another budget and learning rate, and what it printed."""
    workspace = reproduction.workspace.copy(tmp_path_factory.mktemp("quick"))
    changes = ("--set-param", "budget=smoke", "--set-param", "models.unet.learning_rate=0.01")
    return workspace, workspace.run("dvc", "exp", "run", *changes, "--name", "quick")


def test_an_experiment_runs_only_what_depends_on_its_parameters(quick):
    workspace, printed = quick
    of_all = {"grid", "compare", "evaluate", "report", "visuals"}
    of_study = {"evaluate-study", "study", "study-report", *(f"{stage}@{RUN_OF_STUDY}" for stage in OF_STUDY)}
    of_budget = {f"train@{OTSU}", f"predict@{OTSU}", f"package@{OTSU}"}
    generators = yaml.safe_load((workspace.root / "params.yaml").read_text())["synthesize"]["generators"]
    fitted = {f"{stage}@{name}" for stage in ("fit-generator", "synthesize", "quality") for name in generators} | {
        "arms"
    }
    ran = set(stages_run(printed))
    must = {*(f"{stage}@{RUN}" for stage in OF_A_RUN), *of_all, *of_study}
    assert must <= ran
    assert ran <= must | of_budget | fitted
    assert workspace.is_up_to_date()


def test_an_experiment_is_shown_with_its_parameters_and_metrics(quick):
    workspace, _ = quick
    _, head = json.loads(workspace.run("dvc", "exp", "show", "--json"))
    (shown,) = [revision for experiment in head["experiments"] for revision in experiment["revs"]]
    assert shown["name"] == "quick"
    assert shown["data"]["params"]["params.yaml"]["data"]["budget"] == "smoke"
    assert head["data"]["params"]["params.yaml"]["data"]["budget"] == "small"
    metrics = shown["data"]["metrics"]["metrics/summary.json"]["data"]
    assert 0 <= metrics["unet"]["real"]["f1"] <= 1
    assert metrics["otsu"] == head["data"]["metrics"]["metrics/summary.json"]["data"]["otsu"]


def test_metrics_of_an_experiment_are_compared_with_those_of_head(quick):
    workspace, _ = quick
    changed = json.loads(workspace.run("dvc", "metrics", "diff", "--all", "--json", "HEAD", "quick"))
    assert {"unet.real.f1", "unet.real.dice", "otsu.real.f1"} <= set(changed["metrics/summary.json"])
    assert "unet.real.dice" in workspace.run("dvc", "metrics", "diff")


def test_plots_of_an_experiment_lie_over_those_of_head_without_network(quick):
    workspace, _ = quick
    workspace.run("dvc", "plots", "diff", "HEAD", "quick")
    page = (workspace.root / "dvc_plots/index.html").read_text()
    assert not re.search(r"""(src|href)\s*=\s*["']?(https?:)?//""", page)
    drawn = json.loads(workspace.run("dvc", "plots", "diff", "--json", "HEAD", "quick"))
    assert not drawn.get("errors")
    for name in ("F1 over IoU thresholds by model", "Validation F1 by model", "Training loss by model"):
        (plot,) = drawn["data"][name]
        assert plot["revisions"] == ["HEAD", "quick"]
        assert name in page
    assert any(name.startswith("plots/comparison/examples/") for name in drawn["data"])
    assert "dvc_plots" not in workspace.run("git", "status", "--porcelain", "--untracked-files=all")


def test_the_same_seed_gives_the_same_bytes(reproduction, workspace):
    # Nothing is restored in place of what is to be computed again.
    shutil.rmtree(workspace.root / ".dvc/cache/runs")
    stages = [*(f"{stage}@{RUN}" for stage in OF_A_RUN), "evaluate"]
    ran, _ = workspace.repro("--force", "--single-item", *stages)
    assert set(ran) == set(stages)
    made = (
        "data/checkpoints", "data/predictions", "data/probabilities", "data/calibration", "data/scores", "data/errors",
        "data/packages", "metrics/runs", "plots/errors",
    )  # fmt: skip
    assert workspace.hashes(*made) == reproduction.workspace.hashes(*made)


@pytest.fixture(scope="module")
def real_images(tmp_path_factory):
    """A tree of a dozen real annotated images."""
    where = os.environ.get("CELLARENA_REAL_DATA")
    if not where:
        pytest.skip("CELLARENA_REAL_DATA names no folder with images/ and labels/")
    tree = tmp_path_factory.mktemp("real") / "tree"
    for folder in ("images", "labels"):
        (tree / folder).mkdir(parents=True)
        files = sorted((Path(where) / folder).iterdir())
        for file in files[:: len(files) // 12][:12]:
            shutil.copyfile(file, tree / folder / file.name)
    return tree


@pytest.mark.real
def test_real_images_from_a_folder_go_all_the_way(untouched, real_images, tmp_path):
    workspace = untouched.copy(tmp_path)
    shutil.copytree(real_images, tmp_path / "tree")
    values = (
        "acquire.source=folder",
        "acquire.root=../tree",
        "acquire.licence=CC0-1.0",
        "split.val=0.25",
        "budget=smoke",
    )
    workspace.run("dvc", "exp", "run", *(word for value in values for word in ("--set-param", value)))
    records = read_manifest(workspace.root / "data/raw/manifest.csv")
    assert len(records) == 12
    assert {(record.source, record.licence) for record in records} == {("folder", "CC0-1.0")}
    assert [path for path in outputs(workspace) if not path.exists()] == []
    assert "licence CC0-1.0" in (workspace.root / "reports/report.md").read_text()
    assert workspace.is_up_to_date()

    label = min((tmp_path / "tree/labels").iterdir())
    label.write_bytes(label.read_bytes() + b" ")
    assert set(json.loads(workspace.run("dvc", "status", "--json"))) == {"acquire"}
