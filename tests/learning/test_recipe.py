import pytest
import torch
from pydantic import ValidationError

from cellarena.learning.recipe import Budget, Inference, Training, checked_accelerator, device_of, precision_of
from tiny import BUDGET, INFERENCE, NETWORK, TRAINING, recipe


@pytest.mark.parametrize(
    ("usual", "changes", "reason"),
    [
        (BUDGET, {"steps": 7}, r"steps \(7\) must be a multiple of validate_every \(2\)"),
        (BUDGET, {"steps": 0}, "greater than or equal to 1"),
        (BUDGET, {"crop": 48}, "multiple of 32"),
        (BUDGET, {"crop": 0}, "greater than or equal to 32"),
        (BUDGET, {"batch_size": 0}, "greater than or equal to 1"),
        (BUDGET, {"rate": 0}, "greater than 0"),
        (BUDGET, {"epochs": 3}, "Extra inputs are not permitted"),
        (TRAINING, {"warmup": 1}, "less than 1"),
        (TRAINING, {"patience": 0}, "greater than or equal to 1"),
        (TRAINING, {"precision": "fp8"}, "'32-true', 'bf16-mixed' or '16-mixed'"),
        (TRAINING, {"accelerator": "gpu"}, "'auto', 'cpu', 'cuda' or 'mps'"),
        (INFERENCE, {"tile": 100}, "multiple of 32"),
        (INFERENCE, {"overlap": 1}, "less than 1"),
    ],
)
def test_a_setting_out_of_range_is_refused(usual, changes, reason):
    with pytest.raises(ValidationError, match=reason):
        type(usual).model_validate({**usual.model_dump(), **changes})


@pytest.mark.parametrize("section", [Budget, Training, Inference])
def test_settings_do_not_change_after_loading(section):
    assert section.model_config["frozen"]


@pytest.mark.parametrize("name", ["cuda", "mps"])
def test_a_device_asked_for_by_name_must_be_there(monkeypatch, name):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    for ask in (checked_accelerator, device_of):
        with pytest.raises(ValueError, match=f"training.accelerator: {name} is not available on this machine"):
            ask(name)
    assert checked_accelerator("auto") == "auto"


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"),
    [(True, True, "cuda"), (True, False, "cuda"), (False, True, "mps"), (False, False, "cpu")],
)
def test_auto_takes_what_the_machine_has(monkeypatch, cuda, mps, expected):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert device_of("auto") == expected
    assert device_of("cpu") == "cpu"


@pytest.mark.parametrize(
    ("device", "bfloat16", "expected"),
    [
        ("cpu", {"amx_bf16": True}, "bf16-mixed"),
        ("cpu", {"amx_bf16": False, "avx512_bf16": True}, "32-true"),
        ("cpu", {}, "32-true"),
        ("cuda", True, "bf16-mixed"),
        ("cuda", False, "32-true"),
        ("mps", None, "32-true"),
    ],
)
def test_auto_is_half_precision_where_the_hardware_multiplies_it(monkeypatch, device, bfloat16, expected):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: device == "cuda")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: device == "mps")
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: bfloat16 if device == "cpu" else {})
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: bfloat16 or including_emulation)
    assert precision_of("auto", "auto") == expected
    assert precision_of("auto", device) == expected
    assert precision_of("16-mixed", device) == "16-mixed"


class TwoCrops(type(NETWORK)):
    """A model that takes batches of its own size."""

    def batch_size(self, n_crops):
        return n_crops // 4


def test_a_model_may_choose_its_own_batch():
    assert recipe(budget={"batch_size": 8}).batch_size == 8
    assert recipe(budget={"batch_size": 8}, hyperparameters=TwoCrops(**NETWORK.model_dump())).batch_size == 2
