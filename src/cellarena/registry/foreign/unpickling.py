"""The only place where a pickle is opened, and no module of this project: run as a program, it imports nothing of it.

    python -I unpickling.py IN OUT

IN is a file that torch.save wrote; OUT becomes a safetensors file of the state dict in it, and standard output is the
version of torch. Exit code 2: IN holds no weights that can be read. Exit code 5: it asks for more than weights have a
use for. Either way the last line of standard error says why.
"""

import ctypes
import re
import resource
import sys
import zipfile
from pathlib import Path
from typing import Any

_NESTS = ("state_dict", "model", "model_state_dict")
_ASKS_FOR_CODE = ("GLOBAL", "Can only", "reduce for unrecognized function", "must be imported")
_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
_GIGABYTE = 10**9
_SECONDS = 300
_UNFOLDED = 4
"""How many times larger than the file its tensors may be: two names may share one tensor, a hundred do not."""


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
    """Do nothing if a file is no zip archive, or one whose members are stored as they are, as torch.save does.

    Raises:
        RefusedError: if it unpacks to more than it is.
    """
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    if any(member.compress_type != zipfile.ZIP_STORED for member in members):
        raise RefusedError("its members are compressed, which torch.save never does")
    if (unpacked := sum(member.file_size for member in members)) > path.stat().st_size:
        raise RefusedError(f"its members unpack to {unpacked} bytes, more than it has")


def read_state(path: Path) -> dict[str, Any]:
    """Return the state dict in a file: the whole, or under `state_dict`, `model` or `model_state_dict`.

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
    found = _state_dict(content, torch.Tensor)
    if found is None:
        held = f"a dict of {', '.join(map(repr, list(content)[:5]))}" if isinstance(content, dict) else type(content)
        raise ValueError(f"it holds no state dict, but {held}; looked at the whole and under {', '.join(_NESTS)}")
    return found


def _state_dict(content: Any, tensor: type) -> dict[str, Any] | None:
    candidates = [content, *(content.get(name) for name in _NESTS)] if isinstance(content, dict) else []
    for candidate in candidates:
        if isinstance(candidate, dict) and candidate:
            weights = {name: value for name, value in candidate.items() if name != "_metadata"}
            if all(isinstance(name, str) and isinstance(value, tensor) for name, value in weights.items()):
                return weights
    return None


def write_weights(state: dict[str, Any], size: int, path: Path) -> None:
    """Write a state dict as safetensors, every tensor on its own.

    Raises:
        RefusedError: if the tensors are much larger than the file that they come from.
        ValueError: if one is sparse, quantised or without values.
    """
    import torch
    from safetensors.torch import save_file

    for name, tensor in state.items():
        if tensor.layout != torch.strided or tensor.is_quantized or tensor.device.type != "cpu":
            raise ValueError(f"{name!r} is no plain tensor ({tensor.layout}, {tensor.dtype}, {tensor.device})")
    if (unfolded := sum(tensor.numel() * tensor.element_size() for tensor in state.values())) > _UNFOLDED * size:
        raise RefusedError(f"its tensors take {unfolded} bytes, and it has {size}")
    save_file({name: tensor.detach().clone().contiguous() for name, tensor in state.items()}, path)


def main(source: Path, target: Path) -> None:
    """Convert a file."""
    size = source.stat().st_size
    confine(size)
    refuse_bomb(source)
    write_weights(read_state(source), size, target)
    import torch

    sys.stdout.write(f"{torch.__version__}\n")


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
