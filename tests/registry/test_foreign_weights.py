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
    assert convert(path, tmp_path) == (torch.__version__, {"": tmp_path / "0.safetensors"})


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
    told = 'echo \'{"torch": "", "keys": []}\''
    (tmp_path / "spy").write_text(f"#!/bin/sh\nenv > {tmp_path}/seen\necho $1 >> {tmp_path}/seen\n{told}\n")
    (tmp_path / "spy").chmod(0o755)
    convert(saved(weights(), tmp_path / "a.pth"), tmp_path)
    seen = (tmp_path / "seen").read_text()
    assert "hush" not in seen
    assert "PYTHONPATH" not in seen
    assert seen.splitlines()[-1] == "-I"


def test_two_names_of_one_tensor_are_two_tensors(tmp_path):
    shared = torch.ones(2, 2)
    path = saved({"a": shared, "b": shared}, tmp_path / "tied.pth")
    convert(path, tmp_path)

    class Two(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = (torch.nn.Parameter(torch.zeros(2, 2)) for _ in range(2))

    assert set(read_foreign(path, Two()).tensors) == {"a", "b"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda w: w.pop(min(w)), "1 are missing, and 0 more .*; the first that is missing is"),
        (lambda w: w.update(extra=torch.zeros(3)), "and 1 more have no such name; the first of no such name is extra"),
        (lambda w: w.update({min(w): w[min(w)][None]}), "expected F32"),
        (lambda w: w.update({min(w): w[min(w)].int()}), "is I32 .*, expected F32"),
        (lambda w: w.update({min(w): w[min(w)].double() + 1e300}), "too large for F32"),
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
    assert not list(unpickling._state_dicts(content, torch.Tensor, "", 4))


def test_a_file_without_a_state_dict_is_refused(tmp_path):
    path = saved({"epoch": 3}, tmp_path / "a.pth")
    with pytest.raises(ValueError, match="it holds no state dict, but a dict of 'epoch'"):
        read_foreign(path, network())


def test_a_file_of_another_kind_is_refused(tmp_path):
    (tmp_path / "a.h5").write_bytes(b"x")
    with pytest.raises(ValueError, match="name a file in .bin, .ckpt, .pt, .pth, .pth.tar, .safetensors"):
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


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_weights_of_another_width_are_cast_and_counted(dtype, tmp_path):
    path = saved({name: tensor.to(dtype) for name, tensor in weights().items()}, tmp_path / "a.pth.tar")
    found = read_foreign(path, network())
    called = {torch.float16: "F16", torch.bfloat16: "BF16", torch.float64: "F64"}[dtype]
    assert found.cast == f"{len(weights())} tensors from {called}"
    assert {tensor.dtype for tensor in found.tensors.values()} == {torch.float32}
    assert all(torch.equal(tensor, weights()[name].to(dtype).float()) for name, tensor in found.tensors.items())


@pytest.mark.parametrize("keys", ["state_dict", "network_weights", "net", "model.module", "a.b.c.d"])
def test_weights_are_found_under_any_keys(keys, tmp_path):
    content = weights("module.")
    for key in reversed(keys.split(".")):
        content = {key: content, "epoch": 3}
    assert read_foreign(saved(content, tmp_path / "a.pth"), network()).key == keys


def averaged():
    return {name: tensor + 1 for name, tensor in weights().items()}


def test_where_several_fit_the_user_is_asked(tmp_path):
    other = {"step": torch.zeros(3)}
    path = saved({"model": weights(), "model_ema": {"module": averaged()}, "optimizer": other}, tmp_path / "a.ckpt")
    with pytest.raises(ValueError, match=r"fit under model, model_ema\.module; choose by --key"):
        read_foreign(path, network())
    found = read_foreign(path, network(), "model_ema.module")
    assert all(torch.equal(tensor, found.tensors[name]) for name, tensor in averaged().items())
    with pytest.raises(ValueError, match="no weights under 'net'; --key is one of model, model_ema.module, optimizer"):
        read_foreign(path, network(), "net")
    with pytest.raises(ValueError, match=r"a\.ckpt \(under optimizer\): does not fit"):
        read_foreign(path, network(), "optimizer")


def test_the_same_weights_twice_are_no_question(tmp_path):
    path = saved({"model": weights(), "state_dict": weights("module.")}, tmp_path / "a.pth")
    assert read_foreign(path, network()).key == "model"


def test_what_differs_adds_up(tmp_path):
    changed = weights("module.")
    first, second, third = sorted(changed)[:3]
    del changed[first]
    changed |= {second: torch.zeros(1, 2, 3), third: changed[third].bool(), "module.more": torch.zeros(1)}
    n = len(weights())
    words = f"of {n} tensors {n - 3} fit, 2 are of another shape or type, 1 are missing, and 1 more have no such name"
    with pytest.raises(ValueError, match=words):
        read_foreign(saved(changed, tmp_path / "a.pth"), network())


def test_a_file_of_very_many_state_dicts_is_refused(tmp_path):
    content = {f"k{i}": {"a": torch.zeros(1)} for i in range(100)}
    with pytest.raises(ValueError, match="it holds 100 state dicts"):
        read_foreign(saved(content, tmp_path / "a.pth"), network())
