"""What a device can do, and how much of it is used."""

from collections.abc import Iterator
from contextlib import contextmanager


def multiplies_bfloat16(device: str) -> bool:
    """Return whether a device multiplies bfloat16 in hardware: CUDA from Ampere on, CPUs with AMX.

    Args:
        device: torch's name of it, such as cpu, cuda or cuda:1.
    """
    import torch

    kind = device.partition(":")[0]
    if kind == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return kind == "cpu" and bool(torch.cpu.get_capabilities().get("amx_bf16", False))


@contextmanager
def threads(n: int) -> Iterator[None]:
    """Run a block with `n` threads of torch's arithmetic on a CPU: the last digits of sums depend on their number."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)
