"""Foreign weights under the names of this project's networks."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cellarena.registry.foreign.conversion import PICKLES, convert

if TYPE_CHECKING:
    from torch import Tensor, nn

    from cellarena.learning.headers import Declared

_SAFE = ".safetensors"


@dataclass(frozen=True)
class ForeignWeights:
    """Weights that fit a network, and how they were read.

    Attributes:
        tensors: by the names of the network's state.
        prefix: what was taken off the names in the file.
        torch: the version that read the pickle, "" for a file that was none.
    """

    tensors: "Mapping[str, Tensor]"
    prefix: str
    torch: str


def read_foreign(path: Path, network: "nn.Module") -> ForeignWeights:
    """Return the weights in somebody else's file that fit a network.

    Args:
        path: a .safetensors file, or one of torch.save.
        network: of the shapes that are expected; may be on the meta device.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is damaged, holds no weights, or they differ from the network's in names, shapes or types, or
            are not finite.
        SecurityError: if it asks for code, or for more than a file of its size needs.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    if path.suffix.lower() == _SAFE:
        return _fitting(path, path, network, "")
    if path.suffix.lower() not in PICKLES:
        known = ", ".join([*sorted(PICKLES), _SAFE])
        raise ValueError(f"{path}: not a checkpoint that is read; name a file in {known}")
    with tempfile.TemporaryDirectory(prefix="cellarena-") as scratch:
        converted = Path(scratch) / "weights.safetensors"
        version = convert(path, converted)
        return _fitting(path, converted, network, version)


def _fitting(path: Path, safe: Path, network: "nn.Module", version: str) -> ForeignWeights:
    import torch
    from safetensors.torch import load

    from cellarena.learning.headers import declarations, declared_tensors

    found, expected = declared_tensors(safe), declarations(network)
    prefix = common_prefix(found, expected)
    _refuse_difference({name.removeprefix(prefix): kind for name, kind in found.items()}, expected, path)
    tensors = {name.removeprefix(prefix): tensor for name, tensor in load(safe.read_bytes()).items()}
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise ValueError(f"{path}: {name} holds values that are not finite")
    return ForeignWeights(tensors, prefix, version)


def common_prefix(found: "Mapping[str, Declared]", expected: "Mapping[str, Declared]") -> str:
    """Return the dotted prefix, such as `module.`, without which all names are the expected ones; else ""."""
    parts = min(found, default="").split(".")
    for n_parts in range(1, len(parts)):
        prefix = ".".join(parts[:n_parts]) + "."
        if {name.removeprefix(prefix) for name in found if name.startswith(prefix)} == set(expected):
            return prefix if all(name.startswith(prefix) for name in found) else ""
    return ""


def _refuse_difference(found: "Mapping[str, Declared]", expected: "Mapping[str, Declared]", path: Path) -> None:
    odd = sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))
    if odd:
        there, wanted = found.get(odd[0], "missing"), expected.get(odd[0], "nothing of that name")
        raise ValueError(
            f"{path}: does not fit the network that these hyperparameters build: {len(odd)} of {len(expected)} tensors "
            f"differ; the first, {odd[0]}, is {there} in the file, expected {wanted}; see --model and --hyperparameters"
        )
