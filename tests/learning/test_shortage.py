import errno

import pytest
import torch

from cellarena.learning.shortage import short_of_memory

CAUGHT = "Caught {} in DataLoader worker process 0.\nOriginal Traceback (most recent call last):\n  File\n{}: {}\n"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed. "), r"was killed \(Killed\)"),
        (RuntimeError("DataLoader worker (pid(s) 7) exited unexpectedly"), r"was killed \(it ended unexpectedly\)"),
        (MemoryError(), "memory ran out"),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), "memory ran out"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "memory ran out"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: 3 bytes"), "memory ran out"),
        (RuntimeError(CAUGHT.format("_ArrayMemoryError", "numpy._ArrayMemoryError", "3 MiB")), "memory ran out"),
    ],
)
def test_a_lack_of_memory_is_one_line_with_what_to_lower(error, words):
    line = f"^train x: .*{words}.*; lower the batch, and run it again$"
    with pytest.raises(ValueError, match=line), short_of_memory("train x", "the batch"):
        raise error


def test_what_a_helper_refuses_is_said_without_its_traceback():
    refused = ValueError(CAUGHT.format("ValueError", "ValueError", "a.tiff: is no image"))
    with pytest.raises(ValueError, match="^a.tiff: is no image$"), short_of_memory("train x", "the batch"):
        raise refused


@pytest.mark.parametrize("error", [RuntimeError("a bug"), KeyError("a bug"), ValueError("wrong"), FileNotFoundError()])
def test_any_other_error_stays_what_it_is(error):
    with pytest.raises(type(error)) as raised, short_of_memory("train x", "the batch"):
        raise error
    assert raised.value is error
