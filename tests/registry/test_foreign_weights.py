import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from cellarena.learning.headers import Declared
from cellarena.registry.foreign import unpickling
from cellarena.registry.foreign.conversion import convert
from cellarena.registry.foreign.weights import common_prefix, read_foreign
from foreign_files import network, saved, weights

NESTED = {
    "plain.pth": lambda path: saved(weights(), path),
    "legacy.pt": lambda path: saved(weights(), path, _use_new_zipfile_serialization=False),
    "lightning.ckpt": lambda path: saved({"epoch": 3, "state_dict": weights("network."), "lr": [0.1]}, path),
    "parallel.pth": lambda path: saved({"model": weights("module.")}, path),
    "both.pth": lambda path: saved({"model_state_dict": weights("module.network.")}, path),
    "plain.safetensors": lambda path: save_file(weights(), path),
    "prefixed.safetensors": lambda path: save_file(weights("model."), path),
}


@pytest.mark.parametrize("name", NESTED)
def test_weights_are_found_wherever_they_lie(name, tmp_path):
    path = tmp_path / name
    NESTED[name](path)
    found = read_foreign(path, network(seed=1))
    expected = weights()
    assert found.tensors.keys() == expected.keys()
    assert all(torch.equal(found.tensors[key], expected[key]) for key in expected)
    assert bool(found.torch) == (path.suffix != ".safetensors")
    assert found.prefix == {"lightning": "network.", "parallel": "module.", "both": "module.network.",
                            "prefixed": "model."}.get(path.stem, "")  # fmt: skip


def test_the_process_that_converts_says_its_torch(tmp_path):
    path = saved(weights(), tmp_path / "a.pth")
    assert convert(path, tmp_path / "a.safetensors") == torch.__version__


def test_this_process_never_loads_a_pickle(tmp_path, monkeypatch):
    def forbidden(*args, **options):
        raise AssertionError("opened here")

    path = saved(weights(), tmp_path / "a.pth")
    monkeypatch.setattr(torch, "load", forbidden)
    read_foreign(path, network())


def test_the_converting_process_sees_nothing_of_this_one(tmp_path, monkeypatch):
    """What the program is given as its interpreter's environment holds no variable of this process."""
    monkeypatch.setenv("SECRET", "hush")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "spy"))
    (tmp_path / "spy").write_text(f"#!/bin/sh\nenv > {tmp_path}/seen\necho $1 >> {tmp_path}/seen\n")
    (tmp_path / "spy").chmod(0o755)
    convert(saved(weights(), tmp_path / "a.pth"), tmp_path / "a.safetensors")
    seen = (tmp_path / "seen").read_text()
    assert "hush" not in seen
    assert "PYTHONPATH" not in seen
    assert seen.splitlines()[-1] == "-I"


def test_two_names_of_one_tensor_are_two_tensors(tmp_path):
    shared = torch.ones(2, 2)
    path = saved({"a": shared, "b": shared}, tmp_path / "tied.pth")
    convert(path, tmp_path / "a.safetensors")

    class Two(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = (torch.nn.Parameter(torch.zeros(2, 2)) for _ in range(2))

    assert set(read_foreign(path, Two()).tensors) == {"a", "b"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda w: w.pop(min(w)), "is missing in the file"),
        (lambda w: w.update(extra=torch.zeros(3)), "expected nothing of that name"),
        (lambda w: w.update({min(w): w[min(w)][None]}), "expected F32"),
        (lambda w: w.update({min(w): w[min(w)].half()}), "is F16 .* in the file"),
        (lambda w: w[min(w)].view(-1)[0].fill_(float("nan")), "not finite"),
        (lambda w: w[min(w)].view(-1)[0].fill_(float("-inf")), "not finite"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(change, words, tmp_path):
    changed, path = {name: tensor.clone() for name, tensor in weights().items()}, tmp_path / "a.safetensors"
    change(changed)
    save_file(changed, path)
    with pytest.raises(ValueError, match=words) as refusal:
        read_foreign(path, network())
    assert str(refusal.value).startswith(f"{path}: ")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("content", [3, [1, 2], {}, {"epoch": 1}, {"state_dict": {}}, {"state_dict": {"a": 1}}, {1: 2}])
def test_what_is_no_state_dict_is_told_apart(content):
    assert unpickling._state_dict(content, torch.Tensor) is None


def test_a_file_without_a_state_dict_is_refused(tmp_path):
    path = saved({"epoch": 3}, tmp_path / "a.pth")
    with pytest.raises(ValueError, match="it holds no state dict, but a dict of 'epoch'"):
        read_foreign(path, network())


def test_a_file_of_another_kind_is_refused(tmp_path):
    (tmp_path / "a.h5").write_bytes(b"x")
    with pytest.raises(ValueError, match="name a file in .bin, .ckpt, .pt, .pth, .safetensors"):
        read_foreign(tmp_path / "a.h5", network())
    with pytest.raises(FileNotFoundError, match="no such file"):
        read_foreign(tmp_path / "b.pth", network())


PARTS = st.text("abc", min_size=1, max_size=3)


@given(st.sets(st.lists(PARTS, min_size=1, max_size=3).map(".".join), min_size=1), st.lists(PARTS, max_size=3))
def test_a_prefix_of_all_names_is_found(names, prefix):
    kind = Declared((1,), "F32")
    dotted = "".join(f"{part}." for part in prefix)
    found = common_prefix(dict.fromkeys([dotted + name for name in names], kind), dict.fromkeys(names, kind))
    assert found == dotted


@given(st.sets(st.lists(PARTS, min_size=1, max_size=3).map(".".join), min_size=1))
def test_a_prefix_of_some_names_is_none(names):
    kind = Declared((1,), "F32")
    found = dict.fromkeys([*(f"module.{name}" for name in names), "other"], kind)
    assert common_prefix(found, dict.fromkeys(names, kind)) == ""
