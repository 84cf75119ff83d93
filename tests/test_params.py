from pathlib import Path

import pytest
import yaml

from cellarena.models.ensembles import ENSEMBLES, Ensembling
from cellarena.models.spec import MODELS
from cellarena.params import load_params
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
    assert params.floor_run == Run("otsu", "real", 0)
    assert params.chosen_budget == params.budgets[params.budget]


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("models.unet.width", 4, "models.unet.width: Input should be greater than or equal to 8"),
        ("models.unet.widht", 16, "models.unet.widht: Extra inputs are not permitted"),
        ("budget", "tiny", "budget: Input should be 'smoke', 'small', 'standard' or 'full'"),
        ("budgets.small.steps", 7, r"budgets.small: steps \(7\) must be a multiple of validate_every \(\d+\)"),
        ("preprocess.low", 99.5, r"preprocess: low \(99.5\) must be below high \(99.0\)"),
        ("benchmark.models", ["unnet"], "benchmark: unknown model 'unnet'; known: .*unet.*"),
        (
            "benchmark.models",
            ["unet", "maunet"],
            "benchmark: the ensemble maunet_ensemble needs maunet_wide: add to benchmark.models what is missing, "
            "or remove maunet_ensemble from benchmark.ensembles",
        ),
        ("benchmark.models", ["unet"], "benchmark: the ensemble maunet_ensemble needs maunet and maunet_wide: .*"),
        ("benchmark.ensembles", ["unet"], "benchmark: unknown ensemble 'unet'; known: maunet_ensemble"),
        ("benchmark.ensembles", ["maunet_ensemble"] * 2, "benchmark: ensembles names one entry twice"),
        (
            "ensembles.maunet_ensemble.scales",
            [],
            "ensembles.maunet_ensemble.scales: List should have at least 1 item.*",
        ),
        ("ensembles.maunet_ensemble.scales", [9], "ensembles.maunet_ensemble.scales.0: Input should be less than.*"),
        ("ensembles.maunet_ensemble.scales", [1, 1], "ensembles.maunet_ensemble: scales names one entry twice"),
        ("ensembles", {}, "ensembles.maunet_ensemble: Field required"),
        ("benchmark.seeds", [0, 0], "benchmark: seeds names one entry twice"),
        ("benchmark.seeds", [0, -1], "benchmark.seeds.1: Input should be greater than or equal to 0"),
        ("benchmark.seeds", [2**32], "benchmark.seeds.0: Input should be less than 4294967296"),
        ("benchmark.arms", ["R+S@10"], "benchmark.arms.0: Input should be 'real'"),
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


def test_what_is_compared_is_the_grid_of_models_and_ensembles_and_the_floor(tmp_path):
    path = changed(tmp_path, "benchmark.seeds", [0, 3])
    params = load_params(path)
    ensembles = [Run("maunet_ensemble", "real", 0), Run("maunet_ensemble", "real", 3)]
    assert params.ensemble_runs == ensembles
    assert not set(ensembles) & set(params.runs)
    assert params.scored_runs == [*params.runs, *ensembles, params.floor_run]
    assert len(set(params.scored_runs)) == len(params.scored_runs)


def test_an_unknown_ensemble_is_named():
    with pytest.raises(ValueError, match="^unknown ensemble 'unet'; known: maunet_ensemble$"):
        load_params(PARAMS).ensembling("unet")


@pytest.mark.parametrize("ensemble", ENSEMBLES)
def test_every_ensemble_has_a_block(ensemble):
    assert isinstance(load_params(PARAMS).ensembling(ensemble), Ensembling)


@pytest.mark.parametrize("model", MODELS)
def test_every_model_has_a_block_and_a_target(model):
    params = load_params(PARAMS)
    assert isinstance(params.hyperparameters(model), MODELS[model].hyperparameters)
    assert isinstance(params.target(model), TARGETS[MODELS[model].target])
