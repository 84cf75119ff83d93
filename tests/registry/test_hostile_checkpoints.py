"""Files that would run code, or take memory that nobody has: refused by one line, and nothing of them happens."""

import json
import subprocess
import sys

import pytest
import torch
from safetensors.torch import save

from cellarena.cards import write_card
from cellarena.faults import SecurityError
from cellarena.learning.checkpoints import load_model, save_weights
from cellarena.learning.ensemble_checkpoints import load_checkpoint
from cellarena.registry.foreign.conversion import _PROGRAM
from cellarena.registry.foreign.weights import read_foreign
from foreign_files import (
    CARD,
    NETWORK,
    Canary,
    Touching,
    bomb,
    network,
    pickled,
    recompressed,
    safetensors,
    saved,
    swapped,
    unfolded,
    weights,
    with_offsets,
)

RUNS_CODE = {
    "pickle": lambda path: path.write_bytes(pickled(Canary(path.with_name("canary")))),
    "beside weights": lambda path: saved({"state_dict": weights(), "x": Canary(path.with_name("canary"))}, path),
    "by the system": lambda path: saved({"state_dict": weights(), "x": Touching(path.with_name("canary"))}, path),
    "old format": lambda path: saved([Canary(path.with_name("canary"))], path, _use_new_zipfile_serialization=False),
    "in a sound archive": swapped,
    "whole network": lambda path: saved(network(), path),
}


def refused(path, kind, words=""):
    with pytest.raises(kind, match=words) as refusal:
        read_foreign(path, network())
    assert str(refusal.value).startswith(f"{path}: ")
    assert "\n" not in str(refusal.value)
    assert "weights_only" not in str(refusal.value)
    assert not path.with_name("canary").exists()


@pytest.mark.parametrize("how", RUNS_CODE)
def test_what_asks_for_code_is_refused_and_not_run(how, tmp_path):
    path = tmp_path / "evil.pth"
    RUNS_CODE[how](path)
    refused(path, (SecurityError, ValueError))


def test_the_canary_sings_where_a_pickle_is_run(tmp_path):
    """That the tests above can fail: unpickled without care, their files do make the file."""
    path = tmp_path / "evil.pth"
    RUNS_CODE["beside weights"](path)
    unsafe = f"import torch; torch.load({str(path)!r}, weights_only=False)"
    subprocess.run([sys.executable, "-c", unsafe], check=True, capture_output=True)
    assert (tmp_path / "canary").exists()


def test_the_refusal_names_what_was_asked_for(tmp_path):
    path = tmp_path / "evil.pth"
    RUNS_CODE["by the system"](path)
    refused(path, SecurityError, "it asks for .*system, and only tensors and plain containers are read")


def test_torchscript_is_code_and_refused(tmp_path):
    path = tmp_path / "scripted.pt"
    torch.jit.save(torch.jit.trace(network(), torch.zeros(1, 3, 32, 32)), str(path))
    refused(path, (SecurityError, ValueError))


def test_an_archive_that_unpacks_to_more_is_refused(tmp_path):
    refused(bomb(tmp_path / "bomb.pth"), SecurityError, "its members are compressed")
    refused(recompressed(saved(weights(), tmp_path / "packed.pth")), SecurityError, "its members are compressed")


@pytest.mark.parametrize("n", [10**13])
def test_tensors_larger_than_their_file_are_refused(n, tmp_path):
    refused(unfolded(tmp_path / "a.pth", n), SecurityError, f"its tensors take {4 * n} bytes")


@pytest.mark.parametrize("share", [0, 0.5, 0.999])
def test_a_truncated_pickle_is_refused(share, tmp_path):
    path = saved(weights(), tmp_path / "cut.pth")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    refused(path, ValueError)


@pytest.mark.parametrize("content", [b"hello", b"\x80\x02}q\x00("])
def test_what_is_no_checkpoint_is_refused(content, tmp_path):
    (tmp_path / "noise.ckpt").write_bytes(content)
    refused(tmp_path / "noise.ckpt", ValueError, "cannot be read")


def first(header):
    return header[min(name for name in header if name != "__metadata__")]


BROKEN = {
    "overlap": lambda: with_offsets(lambda h: first(h).update(data_offsets=[4, first(h)["data_offsets"][1] + 4])),
    "out of range": lambda: with_offsets(lambda h: first(h).update(data_offsets=[0, 10**12])),
    "backwards": lambda: with_offsets(lambda h: first(h).update(data_offsets=[8, 4])),
    "negative": lambda: with_offsets(lambda h: first(h).update(data_offsets=[-4, 4])),
    "absurd shape": lambda: with_offsets(lambda h: first(h).update(shape=[10**6, 10**6, 10**6])),
    "overflowing shape": lambda: with_offsets(lambda h: first(h).update(shape=[2**62, 8])),
    "header too long": lambda: safetensors(b"{}", b"", 2**62),
    "header of 10 GB": lambda: safetensors(b"{}", b"", 10**10),
    "header is no JSON": lambda: safetensors(b"{{{"),
    "header is deep": lambda: safetensors(b'{"a":' * 5000 + b"1" + b"}" * 5000),
    "a hole": lambda: save(weights()) + bytes(64),
    "empty": lambda: b"",
    "a pickle": lambda: pickled({"a": 1}),
}


@pytest.mark.parametrize("how", BROKEN)
def test_broken_safetensors_are_refused_wherever_they_are_read(how, tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(BROKEN[how]())
    refused(path, ValueError, "not a valid safetensors file")
    write_card(CARD, tmp_path / "model.json")
    for load in (load_model, load_checkpoint):
        with pytest.raises(ValueError, match="not a valid safetensors file") as refusal:
            load(tmp_path, "cpu")
        assert "\n" not in str(refusal.value)


def with_card(folder, **hyperparameters):
    save_weights(weights(), folder / "model.safetensors")
    write_card({**CARD, "hyperparameters": {**CARD["hyperparameters"], **hyperparameters}}, folder / "model.json")


def peak_of(code):
    """Return the most memory, in MB, that a process which runs this code held, and what it printed.

    It is asked itself: what the system keeps of children is the peak of all that this process ever had.
    """
    asked = "\nfrom cellarena.learning.costs import peak_memory_mb\nprint(peak_memory_mb('cpu'))\n"
    ended = subprocess.run([sys.executable, "-c", code + asked], capture_output=True, text=True, check=True)
    said, peak = ended.stdout.strip().rsplit("\n", 1)
    return float(peak), said


def test_a_card_that_asks_for_a_huge_network_takes_no_memory(tmp_path):
    """These hyperparameters are allowed, and make a network of gigabytes; the file holds a small one."""
    with_card(tmp_path, width=256, levels=6, residual_units=4)
    size = sum(t.numel() for t in outline_of(width=256, levels=6, residual_units=4).state_dict().values()) * 4
    assert size > 5e9
    code = f"""
from pathlib import Path
from cellarena.learning.checkpoints import load_model
try:
    load_model(Path({str(tmp_path)!r}), "cpu")
except ValueError as error:
    print(error)
"""
    peak, said = peak_of(code)
    assert "does not fit the network" in said
    assert peak < 2000


def outline_of(**hyperparameters):
    from cellarena.learning.checkpoints import build_network
    from foreign_files import TARGET

    with torch.device("meta"):
        return build_network("unet", NETWORK.model_copy(update=hyperparameters), TARGET)


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 200_000,
        b'{"a":' * 100_000,
        json.dumps({"format": 1, "model": "unet", "hyperparameters": {"plan": [[]] * 5}}).encode(),
        b'{"format": 1, "model": "unet", "hyperparameters": ' + b"9" * 100_000 + b"}",
        b" " * 20_000_000,
    ],
)
def test_an_absurd_card_is_refused(content, tmp_path):
    save_weights(weights(), tmp_path / "model.safetensors")
    (tmp_path / "model.json").write_bytes(content)
    with pytest.raises(ValueError, match="not a model card of this project") as refusal:
        load_checkpoint(tmp_path, "cpu")
    assert len(str(refusal.value)) < 2000
    assert "\n" not in str(refusal.value)


@pytest.mark.skipif(sys.platform != "linux", reason="limits of address space are Linux's")
def test_the_process_that_opens_pickles_has_no_network_and_bounded_memory():
    code = f"""
import importlib.util, resource, socket
spec = importlib.util.spec_from_file_location("unpickling", {str(_PROGRAM)!r})
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
listening = socket.create_server(("127.0.0.1", 0))
module.confine(1000)
try:
    socket.create_connection(listening.getsockname(), timeout=1)
    print("network")
except OSError:
    print("none")
try:
    bytearray(20 * 10**9)
    print("memory")
except MemoryError:
    print("bounded")
"""
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    lines = done.stdout.split()
    assert lines[1] == "bounded"
    if lines[0] == "network":
        pytest.skip("this system lets no process leave its network")
