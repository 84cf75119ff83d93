"""The only place where a pickle is opened, and no module of this project: run as a program, it imports nothing of it.

    python -I unpickling.py IN OUT

IN is a file that torch.save wrote; the folder OUT gets a safetensors file for each state dict in it, and standard
output is JSON: the version of torch, and the keys that lead to each. Exit code 2: IN holds no weights that can be read.
Exit code 5: it asks for more than weights have a use for. Either way the last line of standard error says why.
"""

import ctypes
import json
import re
import resource
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_DEEPEST = 4
"""So many keys may lead to a state dict, as in `checkpoint["trainer"]["model_ema"]["module"]`."""
_ASKS_FOR_CODE = ("GLOBAL", "Can only", "reduce for unrecognized function", "must be imported")
_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
_GIGABYTE = 10**9
_SECONDS = 300
_UNFOLDED = 4
"""How many times larger than the file its tensors may be: two names may share one tensor, a hundred do not."""


_MOST = 32
"""So many state dicts may be in a file."""


class RefusedError(Exception):
    """The file asks for something that is refused on principle."""


def confine(size: int) -> None:
    """Take away from this process the network, and memory, time and disk beyond what a file of this size needs.

    The network is taken where the system lets a process do so, which Linux mostly does.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "unshare"):
        # Without a user namespace root may do so, with one anybody whom the system allows to have one.
        _ = libc.unshare(_NEW_NETWORK) and libc.unshare(_NEW_USER | _NEW_NETWORK)
    limits = [(resource.RLIMIT_CPU, _SECONDS), (resource.RLIMIT_CORE, 0)]
    limits.append((resource.RLIMIT_FSIZE, _UNFOLDED * size + _GIGABYTE))
    if sys.platform == "linux":
        limits.append((resource.RLIMIT_AS, 2 * _UNFOLDED * size + 8 * _GIGABYTE))
    for kind, limit in limits:
        resource.setrlimit(kind, (limit, limit))


def refuse_bomb(path: Path) -> None:
    """Raise a RefusedError if a zip archive unpacks to more than it is; torch.save stores its members as they are."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    if any(member.compress_type != zipfile.ZIP_STORED for member in members):
        raise RefusedError("its members are compressed, which torch.save never does")
    if (unpacked := sum(member.file_size for member in members)) > path.stat().st_size:
        raise RefusedError(f"its members unpack to {unpacked} bytes, more than it has")


def read_states(path: Path) -> dict[str, dict[str, Any]]:
    """Return every state dict in a file, by the dotted keys that lead to it; the whole file is "".

    Raises:
        RefusedError: if the file names anything but tensors and plain containers.
        ValueError: if it cannot be read or holds no state dict.
    """
    import pickle

    import torch

    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        # Torch's own message advises to load the file unsafely.
        said = str(error)
        if "TorchScript" in said or any(word in said for word in _ASKS_FOR_CODE):
            named = re.search(r"GLOBAL ([\w.]{1,100})", said)
            raise RefusedError(
                f"it asks for {named[1] if named else 'code'}, and only tensors and plain containers are read; where "
                "you trust the file, save its state dict alone as safetensors"
            ) from error
        raise ValueError("it is damaged, or no file that torch.save wrote") from error
    found = dict(_state_dicts(content, torch.Tensor, "", _DEEPEST))
    if not found:
        held = f"a dict of {', '.join(map(repr, list(content)[:5]))}" if isinstance(content, dict) else type(content)
        raise ValueError(f"it holds no state dict, but {held}; looked at the whole and {_DEEPEST} keys deep")
    if len(found) > _MOST:
        raise ValueError(f"it holds {len(found)} state dicts; save the one that is meant alone")
    return found


def _state_dicts(content: Any, tensor: type, key: str, depth: int) -> Iterator[tuple[str, dict[str, Any]]]:
    if not isinstance(content, dict) or not content:
        return
    weights = {name: value for name, value in content.items() if name != "_metadata"}
    if weights and all(isinstance(name, str) and isinstance(value, tensor) for name, value in weights.items()):
        yield key, weights
    elif depth:
        for name, value in content.items():
            if isinstance(name, str):
                yield from _state_dicts(value, tensor, f"{key}.{name}" if key else name, depth - 1)


def write_weights(states: dict[str, dict[str, Any]], size: int, folder: Path) -> None:
    """Write state dicts as 0.safetensors, 1.safetensors, ... into a folder, every tensor on its own.

    Raises:
        RefusedError: if the tensors are much larger than the file that they come from.
        ValueError: if one is sparse, quantised or without values.
    """
    import torch
    from safetensors.torch import save_file

    tensors = [(name, tensor) for state in states.values() for name, tensor in state.items()]
    for name, tensor in tensors:
        if tensor.layout != torch.strided or tensor.is_quantized or tensor.device.type != "cpu":
            raise ValueError(f"{name!r} is no plain tensor ({tensor.layout}, {tensor.dtype}, {tensor.device})")
    if (unfolded := sum(tensor.numel() * tensor.element_size() for _, tensor in tensors)) > _UNFOLDED * size:
        raise RefusedError(f"its tensors take {unfolded} bytes, and it has {size}")
    for i, state in enumerate(states.values()):
        whole = {name: tensor.detach().clone().contiguous() for name, tensor in state.items()}
        save_file(whole, folder / f"{i}.safetensors")


def main(source: Path, target: Path) -> None:
    """Convert a file."""
    size = source.stat().st_size
    confine(size)
    refuse_bomb(source)
    states = read_states(source)
    write_weights(states, size, target)
    import torch

    sys.stdout.write(json.dumps({"torch": torch.__version__, "keys": list(states)}) + "\n")


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
    except RefusedError as refusal:
        sys.exit((sys.stderr.write(f"{refusal}\n"), 5)[1])
    except MemoryError:
        sys.exit((sys.stderr.write("it asks for more memory than a file of its size needs\n"), 5)[1])
    except Exception as fault:  # noqa: BLE001  # whatever a foreign file does to torch becomes one line
        said = " ".join(str(fault).split())[:300]
        sys.exit((sys.stderr.write(f"{said or type(fault).__name__}\n"), 2)[1])
