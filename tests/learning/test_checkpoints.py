import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from cellarena.cards import write_card
from cellarena.learning.checkpoints import build_network, load_model, load_weights, save_weights
from tiny import INFERENCE, NETWORK, TARGET, discs, segmenter

CARD = {
    "model": "unet",
    "hyperparameters": NETWORK.model_dump(mode="json"),
    "target": "three_class",
    "decoding": TARGET.model_dump(mode="json"),
}


def network(seed=0):
    torch.manual_seed(seed)
    return build_network("unet", NETWORK, TARGET).eval()


@pytest.fixture
def checkpoint(tmp_path):
    """A folder with a sound checkpoint."""
    save_weights(network().state_dict(), tmp_path / "model.safetensors")
    write_card(CARD, tmp_path / "model.json")
    return tmp_path


def with_weights(folder, change):
    """Rewrite a checkpoint's weights as a function of them."""
    path = folder / "model.safetensors"
    weights = load_file(path)
    change(weights)
    save_file(weights, path)


def with_card(folder, **changes):
    path = folder / "model.json"
    card = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({key: value for key, value in card.items() if value is not ...}, default=str))


def refused(folder, name, reason):
    with pytest.raises(ValueError, match=reason) as refusal:
        load_model(folder, "cpu")
    assert str(refusal.value).startswith(f"{folder / name}: ")
    assert "\n" not in str(refusal.value)


def test_the_same_weights_are_the_same_bytes_and_come_back(tmp_path):
    save_weights(network().state_dict(), tmp_path / "a.safetensors")
    save_weights(network().state_dict(), tmp_path / "b.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    other = network(seed=1)
    load_weights(other, tmp_path / "a.safetensors")
    image = discs().image
    expected = segmenter(network()).activations(image)
    assert segmenter(other).activations(image).tobytes() == expected.tobytes()


def test_nothing_but_the_checkpoint_lies_in_its_folder(checkpoint):
    assert sorted(path.name for path in checkpoint.iterdir()) == ["model.json", "model.safetensors"]


def test_a_loaded_model_is_ready_to_predict(checkpoint):
    model = load_model(checkpoint, "cpu")
    assert not model.network.training
    assert model.target == TARGET
    assert model.hyperparameters == NETWORK
    assert model.card == {"format": 1, **CARD}
    image = discs().image
    expected = segmenter(network()).activations(image)
    assert model.segmenter(INFERENCE).activations(image).tobytes() == expected.tobytes()


@pytest.mark.parametrize("name", ["model.json", "model.safetensors"])
def test_a_missing_file_is_named(checkpoint, name):
    (checkpoint / name).unlink()
    with pytest.raises(FileNotFoundError, match=f"{name}: no such checkpoint"):
        load_model(checkpoint, "cpu")


@pytest.mark.parametrize("kept", [0, 4, 8, 100, 5000, -1])
def test_a_file_cut_short_is_refused(checkpoint, kept):
    path = checkpoint / "model.safetensors"
    path.write_bytes(path.read_bytes()[:kept])
    refused(checkpoint, "model.safetensors", "not a valid safetensors file")


def test_appended_bytes_are_refused(checkpoint):
    path = checkpoint / "model.safetensors"
    path.write_bytes(path.read_bytes() + b"more")
    refused(checkpoint, "model.safetensors", "not a valid safetensors file")


def test_a_missing_tensor_is_named(checkpoint):
    first = min(network().state_dict())
    with_weights(checkpoint, lambda weights: weights.pop(first))
    refused(checkpoint, "model.safetensors", f"does not fit the network .1 tensors differ, the first is {first}.")


def test_an_extra_tensor_is_named(checkpoint):
    with_weights(checkpoint, lambda weights: weights.update(extra=torch.zeros(2)))
    refused(checkpoint, "model.safetensors", "does not fit the network .1 tensors differ, the first is extra.")


@pytest.mark.parametrize("change", [lambda t: t[..., None], lambda t: t.half(), lambda t: t.double()])
def test_another_shape_or_type_is_refused(checkpoint, change):
    first = min(network().state_dict())
    with_weights(checkpoint, lambda weights: weights.update({first: change(weights[first])}))
    refused(checkpoint, "model.safetensors", f"does not fit the network .* the first is {first}")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_values_that_are_not_finite_are_refused(checkpoint, value):
    first = min(network().state_dict())
    with_weights(checkpoint, lambda weights: weights[first].view(-1)[0].fill_(value))
    refused(checkpoint, "model.safetensors", f"{first} holds values that are not finite")


def test_a_type_that_torch_cannot_hold_is_refused(checkpoint):
    header = json.dumps({"weight": {"dtype": "F8_E8M0", "shape": [2], "data_offsets": [0, 2]}}).encode()
    (checkpoint / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + b"ab")
    refused(checkpoint, "model.safetensors", "not a valid safetensors file|does not fit the network")


class Canary:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("write", [lambda o, p: p.write_bytes(pickle.dumps(o)), torch.save])
def test_a_pickle_under_a_checkpoint_name_is_never_run(checkpoint, tmp_path, write):
    canary = tmp_path / "canary"
    for name in ("model.safetensors", "model.json"):
        write(Canary(canary), checkpoint / name)
        refused(checkpoint, name, "not a (valid safetensors file|model card of this project)")
        assert not canary.exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"3", b'"unet"', b"null", b"\xff\xfe\x00", b"[" * 100_000, b'{"format": 1}', b"{}"],
)
def test_a_damaged_card_is_refused(checkpoint, content):
    (checkpoint / "model.json").write_bytes(content)
    refused(checkpoint, "model.json", "not a model card of this project")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"format": 2}, "format 2, expected 1"),
        ({"format": ...}, "it lacks 'format'"),
        ({"model": ...}, "it lacks 'model'"),
        ({"model": "unnet"}, "unknown model 'unnet'; known: .*unet"),
        ({"model": ["unet"]}, ""),
        ({"target": "four_class"}, "unknown target 'four_class'"),
        ({"hyperparameters": {}}, "learning_rate"),
        ({"hyperparameters": {**CARD["hyperparameters"], "width": 10**9}}, "less than or equal to 256"),
        ({"hyperparameters": {**CARD["hyperparameters"], "extra": 1}}, "Extra inputs are not permitted"),
        ({"decoding": {**CARD["decoding"], "seed": 7}}, "less than 1"),
        ({"decoding": None}, "valid dictionary"),
    ],
)
def test_a_foreign_card_is_refused(checkpoint, changes, reason):
    with_card(checkpoint, **changes)
    refused(checkpoint, "model.json", f"not a model card of this project .*{reason}")


def test_a_card_of_another_network_does_not_fit(checkpoint):
    with_card(checkpoint, hyperparameters={**CARD["hyperparameters"], "width": 16})
    refused(checkpoint, "model.safetensors", "does not fit the network")


def test_a_card_is_strict_json_with_sorted_keys(tmp_path):
    write_card({"b": 1, "a": 2}, tmp_path / "model.json")
    assert (tmp_path / "model.json").read_text() == '{\n  "a": 2,\n  "b": 1,\n  "format": 1\n}\n'
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_card({"score": np.nan}, tmp_path / "model.json")


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_bytes_are_refused_or_read_as_finite_weights(tmp_path, data):
    folder = tmp_path / "damaged"
    save_weights(network().state_dict(), folder / "model.safetensors")
    write_card(CARD, folder / "model.json")
    path = folder / data.draw(st.sampled_from(["model.safetensors", "model.json"]))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, min(len(content), 2000) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    outcome = loaded_or_refused(folder)
    if isinstance(outcome, str):
        assert outcome.startswith(str(folder))
    else:
        assert all(torch.isfinite(tensor).all() for tensor in outcome.network.state_dict().values())


def loaded_or_refused(folder):
    """Return the model or, of a refusal, its text."""
    try:
        return load_model(folder, "cpu")
    except ValueError as refusal:
        return str(refusal)
