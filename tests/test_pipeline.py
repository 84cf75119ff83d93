"""dvc.yaml, layout, command line and params.yaml say the same."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml
from dvc.repo import Repo

from cellarena.cli import cli
from cellarena.layout import SUBSETS, Layout
from cellarena.learning.recipe import Training
from cellarena.models.spec import MODELS
from cellarena.params.mirror import load_params
from cellarena.records import REAL, Run

ROOT = Path(__file__).parent.parent
NOT_STAGES = {
    "add", "export", "gc", "heal", "import-checkpoint", "lineage", "plots-page", "promote", "release", "releases",
    "review", "rollback", "segment", "status", "sync", "verify", "withdraw",
}  # fmt: skip


@pytest.fixture(scope="module")
def stages():
    return {stage.addressing: stage for stage in Repo(ROOT).index.stages}


@pytest.fixture(scope="module")
def params():
    return load_params(ROOT / "params.yaml")


def expected_outs(params):
    layout = Layout(Path())
    outs = {
        "code": {layout.code},
        "grid": {layout.grid},
        "acquire": {layout.raw},
        "explore": {layout.exploration, layout.dataset_metrics, layout.dataset_plots},
        "preprocess": {layout.preprocessed},
        "split": {layout.splits},
        "plan": {layout.plans},
        "arms": {layout.arms, layout.arms_summary},
        "compare": {
            layout.anatomy,
            layout.anatomy_figures,
            layout.calibrations,
            layout.calibration_figures,
            layout.summary,
            layout.benchmark,
            layout.coverage,
            layout.training,
            layout.intervals,
            layout.mixed_model,
            layout.pairwise,
            layout.ranks,
            layout.curves,
            layout.figures,
        },
        "report": {layout.report, layout.report_text, layout.report_pdf, layout.report_page},
        "study": {
            layout.study,
            layout.study_by_modality,
            layout.study_summary,
            layout.study_curves,
            layout.study_figures,
        },
        "study-report": {layout.study_report(suffix) for suffix in ("md", "txt", "pdf", "html")},
        "visuals": {layout.visuals},
    }
    run = params.runs[0]
    judged = {layout.scores(run), layout.errors(run), layout.calibration(run), layout.gallery(run)}
    outs["evaluate"] = {path.parent for path in judged}
    outs["evaluate-study"] = {layout.scores(Run("unet", "low10", 0)).parent}
    benchmark = [Run(name, REAL, seed) for name in params.benchmark.models for seed in params.seeds]
    for grid, runs in (("", benchmark), ("-study", params.study_runs)):
        for run in runs:
            outs[f"train{grid}@{run}"] = {layout.checkpoint(run), layout.log(run), layout.training_costs(run)}
            outs[f"predict{grid}@{run}"] = predicted(layout, run)
    for run in params.ensemble_runs:
        outs[f"ensemble@{run}"] = {layout.ensemble(run), *predicted(layout, run)}
    for name in params.synthesize.generators:
        outs[f"fit-generator@{name}"] = {layout.generator(name), layout.generator_plots(name)}
        outs[f"synthesize@{name}"] = {layout.synthetic(name)}
        outs[f"quality@{name}"] = {layout.quality(name), layout.quality_plots(name)}
    for run in params.rows:
        if run.seed == params.seeds[0]:
            outs[f"package{'-ensemble' * (run in params.ensemble_runs)}@{run}"] = {layout.package(run.model)}
    return outs


def predicted(layout, run):
    return {layout.predictions(run), layout.probabilities(run), layout.prediction_costs(run)}


def test_stages_and_their_outputs_are_those_of_the_layout(stages, params):
    found = {name: {Path(out.def_path) for out in stage.outs} for name, stage in stages.items()}
    assert found == expected_outs(params)


def test_every_command_is_a_stage_and_every_stage_a_command(stages):
    used = {stage.cmd.split()[1] for stage in stages.values()}
    assert all(stage.cmd.split()[0] == "cellarena" for stage in stages.values())
    assert used == set(cli.list_commands(None)) - NOT_STAGES


def test_a_run_on_the_command_line_is_the_run_of_the_stage(stages):
    for name, stage in stages.items():
        _, verb, *arguments = stage.cmd.split()
        key = name.partition("@")[2]
        assert not key or key == "-".join(arguments), name
        assert name.startswith(verb), name


def test_a_command_has_one_definition_and_one_more_where_its_grid_differs():
    declared = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    commands = Counter(stage.get("do", stage)["cmd"].split()[1] for stage in declared.values())
    assert {name for name, n in commands.items() if n > 1} == {"train", "predict", "package"}
    assert max(commands.values()) == 2
    assert len(declared) <= 25
    assert len((ROOT / "dvc.yaml").read_text().splitlines()) <= 480


def test_no_stage_names_a_source_file_but_the_one_that_reads_them_all(stages):
    named = {name for name, stage in stages.items() for dep in stage.deps if dep.def_path.startswith("src")}
    assert named == {"code"}


def test_every_stage_depends_on_its_code_and_on_its_alone(stages):
    for name, stage in stages.items():
        keys = [key for dep in stage.deps if dep.def_path == "code.yaml" for key in dep.params]
        verb = stage.cmd.split()[1]
        assert [key.split(".")[0] for key in keys] == [verb] * (name != "code"), name


def test_every_dependency_exists_or_is_an_output(stages):
    outs = {Path(out.def_path) for stage in stages.values() for out in stage.outs}
    for stage in stages.values():
        for dep in stage.deps:
            if dep.protocol == "local" and type(dep).__name__ != "ParamsDependency":
                path = Path(dep.def_path)
                made = any(path in {out, *out.parents} or out in path.parents for out in outs)
                assert made or (ROOT / path).exists(), f"{stage.addressing}: {path}"


def test_subset_manifests_lie_in_the_output_of_split():
    layout = Layout(Path())
    assert {layout.subset(name).parent for name in SUBSETS} == {layout.splits}
    assert layout.leakage.parent == layout.splits


def test_plan_and_fingerprint_lie_in_the_output_of_plan():
    layout = Layout(Path())
    assert {layout.plan("nnunet").parent.parent, layout.fingerprint.parent} == {layout.plans}


def test_every_section_of_params_decides_over_some_stage(stages):
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    used = {
        key.split(".")[0]
        for stage in stages.values()
        for dep in stage.deps
        if dep.def_path == "params.yaml"
        for key in getattr(dep, "params", [])
    }
    assert used == set(content)


def test_the_matrix_is_readable_by_dvc():
    # `stage list` hides a broken dvc.yaml unless told to fail.
    listed = subprocess.run(
        [Path(sys.executable).parent / "dvc", "stage", "list", "--fail", "--name-only"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "train@unet-real-0" in listed.stdout.split()


def test_the_default_remote_verifies_what_it_serves():
    config = Repo(ROOT).config
    assert config["remote"][config["core"]["remote"]]["verify"] is True


def test_the_committed_lock_is_of_this_pipeline(stages, params):
    lock = yaml.safe_load((ROOT / "dvc.lock").read_text())
    assert set(lock["stages"]) == set(stages)
    assert set(json.loads((ROOT / "metrics/summary.json").read_text())) == {run.model for run in params.rows}


@pytest.mark.parametrize("name", ["train", "train-study"])
def test_a_training_depends_on_all_of_its_settings_that_decide_over_a_result(name):
    declared = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"][name]["params"]
    declared = [key for key in declared if isinstance(key, str)]
    decisive = Training.model_fields.keys() - {"workers", "tensorboard"}
    assert {key for key in declared if key.startswith("training")} == {f"training.{key}" for key in decisive}


@pytest.mark.parametrize("model", MODELS)
def test_a_model_is_a_file_of_its_name(model):
    assert (ROOT / "src/cellarena/models" / f"{model}.py").is_file()
