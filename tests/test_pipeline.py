"""dvc.yaml, layout, command line and params.yaml say the same."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from dvc.repo import Repo

from cellarena.cli import cli
from cellarena.layout import SUBSETS, Layout
from cellarena.learning.recipe import Training
from cellarena.models.ensembles import ENSEMBLES
from cellarena.models.spec import MODELS
from cellarena.params import load_params
from cellarena.records import Run

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
        "acquire": {layout.raw},
        "explore": {layout.exploration, layout.dataset_metrics, layout.dataset_plots},
        "preprocess": {layout.preprocessed},
        "split": {layout.splits},
        "plan": {layout.plans},
        "members": {layout.members},
        "floor": {layout.predictions(params.floor_run), layout.prediction_costs(params.floor_run)},
        "evaluate": {
            layout.scores(params.floor_run).parent,
            layout.errors(params.floor_run).parent,
            layout.calibration(params.floor_run).parent,
            layout.gallery(params.floor_run).parent,
        },
        "evaluate-study": {layout.study_scores},
        "compare": {
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
            layout.anatomy,
            layout.anatomy_figures,
            layout.calibrations,
            layout.calibration_figures,
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
    outs |= {f"arms@{arm}": {layout.arm(arm)} for arm in params.benchmark.arms}
    outs |= {f"arms-study@{arm}": {layout.arm(arm)} for arm in params.study.arms}
    for grid, runs in (("", params.runs), ("-real", params.real_runs), ("-study", params.study_runs)):
        for run in runs:
            predicted = {layout.predictions(run), layout.probabilities(run), layout.prediction_costs(run)}
            outs[f"train{grid}@{run}"] = {layout.checkpoint(run), layout.log(run), layout.training_costs(run)}
            outs[f"predict{grid}@{run}"] = predicted
    for name in params.study.generators:
        outs[f"fit-generator@{name}"] = {layout.generator(name), layout.generator_plots(name)}
        outs[f"synthesize@{name}"] = {layout.synthetic(name)}
        outs[f"quality@{name}"] = {layout.quality(name), layout.quality_plots(name)}
    released = [run for run in (*params.runs, *params.ensemble_runs) if run.seed == params.benchmark.seeds[0]]
    for run in released:
        grid = "-ensemble" if run in params.ensemble_runs else ""
        outs[f"package{grid}@{run}"] = {layout.package(run.model)}
    for run in params.ensemble_runs:
        outs[f"ensemble@{run}"] = {layout.checkpoint(run)}
        predicted = {layout.predictions(run), layout.probabilities(run), layout.prediction_costs(run)}
        outs[f"predict-ensemble@{run}"] = predicted
    return outs


def test_stages_and_their_outputs_are_those_of_the_layout(stages, params):
    found = {name: {Path(out.def_path) for out in stage.outs} for name, stage in stages.items()}
    assert found == expected_outs(params)


def test_every_command_is_a_stage_and_every_stage_a_command(stages):
    used = {stage.cmd.split()[1] for stage in stages.values()}
    assert all(stage.cmd.split()[0] == "cellarena" for stage in stages.values())
    assert used == set(cli.list_commands(None)) - NOT_STAGES


def test_a_run_on_the_command_line_is_the_run_of_the_stage(stages, params):
    commands = {name: stage.cmd.split() for name, stage in stages.items()}
    predicted = [Run(model, arm, int(seed)) for _, verb, model, arm, seed in runs_of(commands) if verb == "predict"]
    assert sorted([*predicted, params.floor_run]) == sorted({*params.scored_runs, *params.compared_runs})
    for name, (_, verb, *run) in commands.items():
        key = name.partition("@")[2]
        assert not key or key == "-".join(run), name
        assert name.startswith(verb), name


def runs_of(commands):
    return [command for command in commands.values() if len(command) == 5]


def test_an_ensemble_depends_on_its_members(stages, params):
    layout = Layout(Path())
    assert params.ensemble_runs
    for run in params.ensemble_runs:
        members = {layout.checkpoint(Run(member, run.arm, run.seed)) for member in ENSEMBLES[run.model].members}
        for stage in (stages[f"ensemble@{run}"], stages[f"predict-ensemble@{run}"]):
            assert members <= {Path(dep.def_path) for dep in stage.deps}, stage.addressing
        assert layout.members in {Path(dep.def_path) for dep in stages[f"ensemble@{run}"].deps}


def test_every_dependency_exists_or_is_an_output(stages):
    outs = {Path(out.def_path) for stage in stages.values() for out in stage.outs}
    for stage in stages.values():
        for dep in stage.deps:
            if dep.protocol == "local" and type(dep).__name__ != "ParamsDependency":
                path = Path(dep.def_path)
                made = any(path in {out, *out.parents} or out in path.parents for out in outs)
                assert made or (ROOT / path).exists(), f"{stage.addressing}: {path}"


def test_what_is_made_of_a_row_lies_in_the_outputs_of_the_evaluation(stages, params):
    layout, outs = Layout(Path()), {Path(out.def_path) for out in stages["evaluate"].outs}
    for run in (*params.scored_runs, *params.real_runs):
        assert layout.scores(run).parent in outs
        assert {layout.cells(run).parent, layout.strata.parent, layout.gallery(run).parent} <= outs
    assert {layout.scores(run).parent for run in params.study_runs} == {layout.study_scores}


def test_subset_manifests_lie_in_the_output_of_split():
    layout = Layout(Path())
    assert {layout.subset(name).parent for name in SUBSETS} == {layout.splits}
    assert layout.leakage.parent == layout.splits


def test_plan_and_fingerprint_lie_in_the_output_of_plan():
    layout = Layout(Path())
    assert {layout.plan("nnunet").parent.parent, layout.fingerprint.parent} == {layout.plans}


def test_every_section_of_params_decides_over_some_stage(stages):
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    used = {key.split(".")[0] for stage in stages.values() for dep in stage.deps for key in getattr(dep, "params", [])}
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
    assert set(json.loads((ROOT / "metrics/summary.json").read_text())) == {run.model for run in params.scored_runs}


@pytest.mark.parametrize("name", ["train", "train-real", "train-study"])
def test_a_training_depends_on_all_of_its_settings_that_decide_over_a_result(name):
    declared = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"][name]["params"]
    decisive = Training.model_fields.keys() - {"workers", "tensorboard"}
    assert {key for key in declared if key.startswith("training")} == {f"training.{key}" for key in decisive}


@pytest.mark.parametrize("model", MODELS)
def test_a_model_is_a_file_of_its_name_which_its_training_depends_on(model):
    assert (ROOT / "src/cellarena/models" / f"{model}.py").is_file()
