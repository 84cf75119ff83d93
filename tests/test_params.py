from pathlib import Path

import pytest
import yaml

from cellarena.methods.spec import METHODS
from cellarena.models.spec import MODELS
from cellarena.params.mirror import load_params
from cellarena.records import Run
from cellarena.targets.spec import TARGETS

PARAMS = Path(__file__).parent.parent / "params.yaml"


def changed(tmp_path, dotted, value):
    content = yaml.safe_load(PARAMS.read_text())
    *above, last = dotted.split(".")
    section = content
    for key in above:
        section = section[key]
    section[last] = value
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def test_the_default_parameters_are_valid():
    params = load_params(PARAMS)
    assert params.runs[0] == Run("unet", "real", 0)
    assert params.method_runs == [Run("otsu", "real", 0)]
    assert params.left_out == {}


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("models.unet.width", 4, "models.unet.width: Input should be greater than or equal to 8"),
        ("models.unet.widht", 16, "models.unet.widht: Extra inputs are not permitted"),
        ("budget", "tiny", "budget: Input should be 'smoke', 'small', 'standard' or 'full'"),
        ("budgets.small.steps", 7, r"budgets.small: steps \(7\) must be a multiple of validate_every \(\d+\)"),
        ("preprocess.low", 99.5, r"preprocess: low \(99.5\) must be below high \(99.0\)"),
        (
            "benchmark.models",
            ["unet", "unnet"],
            "params.yaml: benchmark.models: unknown model 'unnet'; known: .*unet.*",
        ),
        ("benchmark.models", [], "benchmark.models: List should have at least 1 item.*"),
        ("benchmark.models", ["otsu"], "params.yaml: benchmark.models names no network; .*"),
        ("benchmark.models", ["unet", "unet"], "benchmark: models names one entry twice"),
        (
            "benchmark.ensembles",
            ["unet"],
            "params.yaml: benchmark.ensembles names unet, which the section ensembles .*",
        ),
        ("study.models", ["unnet"], "params.yaml: study.models: unknown model 'unnet'; known: .*"),
        ("study.models", ["otsu"], "params.yaml: study.models: unknown model 'otsu'; known: .*"),
        ("study.arms", ["mixed99"], "params.yaml: arms lacks mixed99, which the study needs"),
        ("study.arms", ["real"], "params.yaml: study.arms names real, which every arm is compared with anyway; .*"),
        (
            "ensembles.maunet_ensemble.members",
            ["x"],
            "params.yaml: ensembles.maunet_ensemble.members: unknown model 'x'.*",
        ),
        (
            "ensembles.maunet_ensemble.members",
            ["unet", "maunet"],
            "params.yaml: ensembles.maunet_ensemble.members learn different targets, whose outputs have no mean",
        ),
        ("arms.mixed50.generator", "x", "params.yaml: arms.mixed50.generator: synthesize.generators lacks x"),
        (
            "synthesize.generators.texture.kind",
            "x",
            "params.yaml: synthesize.generators.texture: unknown generator 'x'.*",
        ),
        ("benchmark.ensembles", ["maunet_ensemble"] * 2, "benchmark: ensembles names one entry twice"),
        (
            "ensembles.maunet_ensemble.scales",
            [],
            "ensembles.maunet_ensemble.scales: List should have at least 1 item.*",
        ),
        ("ensembles.maunet_ensemble.scales", [9], "ensembles.maunet_ensemble.scales.0: Input should be less than.*"),
        ("ensembles.maunet_ensemble.scales", [1, 1], "ensembles.maunet_ensemble: scales names one entry twice"),
        ("ensembles", {}, "params.yaml: benchmark.ensembles names maunet_ensemble, which the section ensembles lacks"),
        ("seeds", [0, 0], "params.yaml: seeds names one entry twice"),
        ("seeds", [0, -1], "seeds.1: Input should be greater than or equal to 0"),
        ("seeds", [2**32], "seeds.0: Input should be less than 4294967296"),
        ("models.otsu.min_size", -1, "models.otsu.min_size: Input should be greater than or equal to 0"),
        ("evaluate.thresholds", [0.7], "evaluate: thresholds lie between 0 and 1, and 0.5 is one of them"),
        ("evaluate.thresholds", [0.5, 0.5], "evaluate: thresholds names one entry twice"),
        ("evaluate.protocols", ["official"], "evaluate: protocols lacks strict, which models are ranked by"),
        ("evaluate.protocols", ["strict", "x"], "evaluate: unknown protocol 'x'; known: official, strict"),
        ("evaluate.protocols", ["strict", "strict"], "evaluate: protocols names one entry twice"),
        ("budgets", {}, "params.yaml: budgets lacks '.*', which budget names; it has none"),
        ("training.accelerator", "tpu", "training.accelerator: Input should be 'auto', 'cpu', 'cuda' or 'mps'"),
        ("models.unet.optimizer", "adam", "models.unet.optimizer: Input should be 'adamw' or 'sgd'"),
        (
            "models.unet.augmentation",
            "none",
            "models.unet.augmentation: Input should be 'geometric', 'strong' or 'nnunet'",
        ),
        (
            "models.unet.normalisation",
            "0..1",
            "models.unet.normalisation: Input should be 'unit', 'z_score' or 'z_score_nonzero'",
        ),
        ("models.unet.foreground", 1.5, "models.unet.foreground: Input should be less than or equal to 1"),
        ("training.precision", "bf16", "training.precision: Input should be 'auto', '32-true', .*"),
        ("training.devices", 0, "training.devices: Input should be greater than or equal to 1"),
        ("training.nodes", 0.5, "training.nodes: Input should be a valid integer, .*"),
        ("predict.mirror", "twice", "predict.mirror: Input should be a valid boolean.*"),
        ("models", None, "models: Input should be a valid dictionary or instance of Models"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_it(tmp_path, key, value, line):
    with pytest.raises(ValueError, match=f"^{line}$"):
        load_params(changed(tmp_path, key, value))


def test_two_wrong_values_are_two_lines(tmp_path):
    path = changed(tmp_path, "models.unet.width", 4)
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), "budget": "none"}))
    with pytest.raises(ValueError, match="budget.*\nmodels.unet.width"):
        load_params(path)


def test_broken_yaml_and_a_missing_file_are_said_plainly(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"run cellarena in the folder that holds dvc\.yaml"):
        load_params(tmp_path / "params.yaml")
    (tmp_path / "params.yaml").write_text("a: [1")
    with pytest.raises(ValueError, match="not valid YAML"):
        load_params(tmp_path / "params.yaml")


def test_what_is_compared_is_the_grid_of_models_and_ensembles_and_each_method_once(tmp_path):
    params = load_params(changed(tmp_path, "seeds", [0, 3]))
    ensembles = [Run("maunet_ensemble", "real", 0), Run("maunet_ensemble", "real", 3)]
    assert params.ensemble_runs == ensembles
    assert [run for run in params.runs if run.model == "unet"] == [Run("unet", "real", 0), Run("unet", "real", 3)]
    assert params.rows == [*params.runs, *ensembles, Run("otsu", "real", 0)]
    assert len(set(params.rows)) == len(params.rows)
    assert params.compared_runs[:2] == [Run("unet", "real", 0), Run("unet", "real", 3)]
    assert {run.seed for run in params.study_runs} == {0, 3}


@pytest.mark.parametrize(
    ("models", "rows", "left_out"),
    [
        (["unet", "sac"], {"unet", "sac"}, {"maunet_ensemble": "benchmark.models lacks maunet and maunet_wide"}),
        (["unet", "maunet"], {"unet", "maunet"}, {"maunet_ensemble": "benchmark.models lacks maunet_wide"}),
        (
            ["maunet", "maunet_wide"],
            {"maunet", "maunet_wide", "maunet_ensemble"},
            {"study of unet": "benchmark.models has no network unet"},
        ),
    ],
)
def test_what_the_models_of_the_grid_rule_out_is_left_out_and_said(tmp_path, models, rows, left_out):
    params = load_params(changed(tmp_path, "benchmark.models", models))
    assert {run.model for run in params.rows} == rows
    assert params.left_out == left_out
    assert bool(params.study_runs) == ("unet" in models)


def test_a_champion_that_is_no_row_is_said(tmp_path):
    assert load_params(PARAMS).champion_left_out == ""
    assert load_params(changed(tmp_path, "benchmark.models", ["sac"])).champion_left_out == "benchmark.models lacks it"


@pytest.mark.parametrize(
    ("key", "value", "asked"),
    [
        ("study.models", [], []),
        ("study.arms", [], []),
        ("study.arms", ["repeat"], []),
        ("study.arms", ["mixed50"], ["pix2pix"]),
        ("study.arms", ["low10", "low10_texture", "mixed50"], ["texture_low10", "pix2pix"]),
        ("benchmark.models", ["sac"], []),
    ],
)
def test_the_generators_are_those_that_the_arms_of_the_study_ask_for(tmp_path, key, value, asked):
    assert load_params(changed(tmp_path, key, value)).asked_generators == asked


def test_every_model_has_a_block_and_a_target():
    params = load_params(PARAMS)
    for name in MODELS:
        assert isinstance(getattr(params.models, name), MODELS[name].hyperparameters)
        assert isinstance(getattr(params.targets, MODELS[name].target), TARGETS[MODELS[name].target])
    for name in METHODS:
        assert isinstance(getattr(params.models, name), METHODS[name].settings)
