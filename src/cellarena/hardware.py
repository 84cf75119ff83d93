"""What a device can do."""


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
