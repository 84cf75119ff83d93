"""Foreign weights under the names of this project's networks."""

import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cellarena.registry.foreign.conversion import PICKLES, convert

if TYPE_CHECKING:
    from torch import Tensor, nn

    from cellarena.learning.headers import Declared

_SAFE = ".safetensors"
_CASTABLE = ({"F16", "BF16", "F32", "F64"}, {"I8", "U8", "I16", "I32", "I64"}, {"BOOL"})
"""Types of safetensors whose values mean the same."""


@dataclass(frozen=True)
class ForeignWeights:
    """Weights that fit a network, and how they were read.

    Attributes:
        tensors: by the names of the network's state.
        prefix: what was taken off the names in the file.
        torch: the version that read the pickle, "" for a file that was none.
        key: the dotted keys that led to them in the file, "" for the whole of it.
        cast: the types that were turned into the network's own, such as "120 tensors from F16"; "" if none was.
    """

    tensors: "Mapping[str, Tensor]"
    prefix: str
    torch: str
    key: str
    cast: str


def read_foreign(path: Path, network: "nn.Module", key: str | None = None) -> ForeignWeights:
    """Return the weights in somebody else's file that fit a network.

    Args:
        path: a .safetensors file, or one of torch.save.
        network: of the shapes that are expected; may be on the meta device.
        key: the dotted keys that lead to the weights that are meant; only needed where several fit.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is damaged, holds no weights, they differ from the network's in names or shapes, or are not
            finite, or if several sets of weights fit.
        SecurityError: if it asks for code, or for more than a file of its size needs.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    suffix = (Path(path.stem).suffix if path.suffix.lower() == ".tar" else path.suffix).lower()
    if path.suffix.lower() == _SAFE:
        return _chosen(path, {"": path}, network, "", key)
    if suffix not in PICKLES:
        known = ", ".join([*sorted(PICKLES), ".pth.tar", _SAFE])
        raise ValueError(f"{path}: not a checkpoint that is read; name a file in {known}")
    with tempfile.TemporaryDirectory(prefix="cellarena-") as scratch:
        version, found = convert(path, Path(scratch))
        return _chosen(path, found, network, version, key)


def _chosen(
    path: Path, files: "Mapping[str, Path]", network: "nn.Module", version: str, key: str | None
) -> ForeignWeights:
    from cellarena.learning.headers import declarations, declared_tensors

    if key is not None and key not in files:
        raise ValueError(f"{path}: holds no weights under {key!r}; --key is one of {_listed(files)}")
    expected = declarations(network)
    found = {name: declared_tensors(file) for name, file in files.items() if key in {None, name}}
    differences = {name: _difference(kinds, expected) for name, kinds in found.items()}
    fitting = [name for name, (n, _) in differences.items() if not n]
    if not fitting:
        nearest = min(differences, key=lambda name: differences[name][0])
        where = f" (under {nearest})" if nearest else ""
        raise ValueError(
            f"{path}{where}: does not fit the network that these hyperparameters build: {differences[nearest][1]}; "
            "see --model and --hyperparameters"
        )
    read = [_read(path, files[name], found[name], expected, version, name) for name in fitting]
    if any(not _are_equal(read[0], other) for other in read[1:]):
        raise ValueError(f"{path}: holds weights that fit under {_listed(fitting)}; choose by --key which are meant")
    return read[0]


def _difference(found: "Mapping[str, Declared]", expected: "Mapping[str, Declared]") -> tuple[int, str]:
    """Return how many tensors keep weights from fitting, and in words; types do not, as far as they can be cast."""
    prefix = common_prefix(found, expected)
    named = {name.removeprefix(prefix): kind for name, kind in found.items()}
    missing, more = sorted(expected.keys() - named.keys()), sorted(named.keys() - expected.keys())
    other = sorted(name for name in named.keys() & expected.keys() if not _fits(named[name], expected[name]))
    n_fitting = len(expected) - len(missing) - len(other)
    firsts = [f"the first of another shape or type, {n}, is {named[n]}, expected {expected[n]}" for n in other[:1]]
    firsts += [f"the first that is missing is {name}" for name in missing[:1]]
    firsts += [f"the first of no such name is {name}" for name in more[:1]]
    words = (
        f"of {len(expected)} tensors {n_fitting} fit, {len(other)} are of another shape or type, {len(missing)} are "
        f"missing, and {len(more)} more have no such name; {', '.join(firsts)}"
    )
    return len(missing) + len(more) + len(other), words


def common_prefix(found: "Mapping[str, Declared]", expected: "Mapping[str, Declared]") -> str:
    """Return the dotted prefix of all names, such as `module.`, without which most are expected ones; "" for none."""
    parts = min(found, default="").split(".")
    shared = ["".join(f"{part}." for part in parts[:n]) for n in range(len(parts))]
    shared = [prefix for prefix in shared if all(name.startswith(prefix) for name in found)]
    return max(shared, key=lambda prefix: sum(name.removeprefix(prefix) in expected for name in found), default="")


def _fits(found: "Declared", expected: "Declared") -> bool:
    return found.shape == expected.shape and any({found.dtype, expected.dtype} <= kinds for kinds in _CASTABLE)


def _read(
    path: Path, file: Path, found: "Mapping[str, Declared]", expected: "Mapping[str, Declared]", version: str, key: str
) -> ForeignWeights:
    import torch
    from safetensors.torch import load

    from cellarena.learning.headers import torch_type

    prefix = common_prefix(found, expected)
    tensors = {}
    for name, tensor in load(file.read_bytes()).items():
        own = name.removeprefix(prefix)
        tensors[own] = tensor.to(torch_type(expected[own].dtype))
        if not torch.isfinite(tensors[own]).all():
            raise ValueError(f"{path}: {own} holds values that are not finite, or too large for {expected[own].dtype}")
    cast = Counter(
        kind.dtype for name, kind in found.items() if kind.dtype != expected[name.removeprefix(prefix)].dtype
    )
    words = ", ".join(f"{n} tensors from {dtype}" for dtype, n in sorted(cast.items()))
    return ForeignWeights(tensors, prefix, version, key, words)


def _are_equal(one: ForeignWeights, other: ForeignWeights) -> bool:
    import torch

    return all(torch.equal(tensor, other.tensors[name]) for name, tensor in one.tensors.items())


def _listed(keys: "Iterable[str]") -> str:
    return ", ".join(key or "'' (the whole file)" for key in keys)
