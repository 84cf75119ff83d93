"""What a safetensors file says of its tensors, and what a network would: to be compared before memory is taken."""

from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from torch import nn

_TYPES = {
    torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16",
    torch.int64: "I64", torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL",
}  # fmt: skip


class Declared(NamedTuple):
    """Shape of a tensor, and its type as safetensors calls it."""

    shape: tuple[int, ...]
    dtype: str

    def __str__(self) -> str:
        return f"{self.dtype} {self.shape}"


def declared_tensors(path: Path) -> dict[str, Declared]:
    """Return what a safetensors file declares, by name; no tensor is read.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is damaged: cut short, its offsets out of range or overlapping, its header too long.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such checkpoint")
    try:
        with safe_open(path, framework="pt") as opened:
            slices = {name: opened.get_slice(name) for name in opened.keys()}  # noqa: SIM118  # it is no dict
            return {name: Declared(tuple(part.get_shape()), str(part.get_dtype())) for name, part in slices.items()}
    except (SafetensorError, OSError, ValueError, OverflowError) as error:
        raise ValueError(f"{path}: not a valid safetensors file ({' '.join(str(error).split())})") from error


def torch_type(dtype: str) -> torch.dtype:
    """Return torch's type of a type as safetensors calls it.

    Raises:
        StopIteration: if no network has tensors of it.
    """
    return next(known for known, name in _TYPES.items() if name == dtype)


def declarations(network: nn.Module) -> dict[str, Declared]:
    """Return what a file of a network's weights declares; the network may be on the meta device."""
    return {
        name: Declared(tuple(t.shape), _TYPES.get(t.dtype, str(t.dtype))) for name, t in network.state_dict().items()
    }
