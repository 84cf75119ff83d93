"""A pickle becomes safetensors in a process of its own; this one never opens it."""

import json
import os
import subprocess
import sys
from pathlib import Path

from cellarena.faults import SecurityError

PICKLES = frozenset({".pth", ".pt", ".ckpt", ".bin"})
_PROGRAM = Path(__file__).with_name("unpickling.py")
_SECONDS = 600
_REFUSED = 5


def convert(path: Path, into: Path) -> tuple[str, dict[str, Path]]:
    """Write every set of weights in a file of torch.save as safetensors into a folder with nothing in it.

    Returns:
        The version of torch that read it, and the files by the dotted keys that lead to each; the whole file is "".

    Raises:
        ValueError: if it cannot be read or holds no state dict.
        SecurityError: if it asks for code, or for more memory, time or disk than a file of its size needs.
    """
    # An empty environment of an isolated interpreter: nothing of this project and no secret is within reach.
    environment = {"PATH": os.defpath, "OMP_NUM_THREADS": "1", "HOME": str(into), "TMPDIR": str(into)}
    command = [sys.executable, "-I", str(_PROGRAM), str(path.resolve()), str(into.resolve())]
    try:
        done = subprocess.run(
            command, cwd=into, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            errors="replace", timeout=_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise SecurityError(f"{path}: was not read within {_SECONDS} s; it is refused") from error
    if done.returncode == 0:
        told = json.loads(done.stdout)
        return told["torch"], {key: into / f"{i}.safetensors" for i, key in enumerate(told["keys"])}
    said = (done.stderr.strip().splitlines() or [""])[-1]
    if done.returncode == _REFUSED:
        raise SecurityError(f"{path}: refused; {said}")
    if done.returncode < 0:
        raise SecurityError(f"{path}: refused; reading it ended with signal {-done.returncode}")
    raise ValueError(f"{path}: cannot be read; {said}")
