import pytest
import torch
from pydantic import ValidationError
from tiny import BUDGET, INFERENCE, TRAINING

from cellarena.learning.recipe import Budget, Inference, Training, checked_accelerator, device_of


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
